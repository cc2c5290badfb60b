"""Text groups put into the tables by hand, for tests of what is asked of them."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import delete, insert, select

from archive.database import Sessions
from archive.exclusion import not_taken_down
from archive.fingerprint import ALGORITHM, BANDS, ROWS
from archive.models import (
    Extraction,
    Fingerprint,
    LshBand,
    Reprint,
    ReprintMethod,
    Site,
    SiteName,
    SourceRecord,
    StoredArticle,
    TextGroup,
    public_id,
)

SHINGLES = 40


def group(
    sessions: Sessions,
    *groups: Collection[str],
    failed: Collection[str] = (),
    waiting: Collection[str] = (),
    credits: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    pairs: Mapping[tuple[str, str], tuple[ReprintMethod, float, float]] | None = None,
) -> None:
    """Put the texts of articles (by their public ids) in `groups`, the canonical one first, every other one alone.

    The texts of `failed` are template only, those of `waiting` not compared. `credits` says what an article credits,
    `names` which site a credit means, `pairs` what was measured between the texts of two articles.
    """
    with sessions.begin() as session:
        for table in (Reprint, TextGroup, LshBand, Fingerprint, SourceRecord, SiteName):
            session.execute(delete(table))
        query = (
            select(Site.name, StoredArticle.key, Site.id, Extraction)
            .join(StoredArticle, StoredArticle.site_id == Site.id)
            .join(Extraction, (Extraction.article_id == StoredArticle.id) & Extraction.is_current)
            .where(Extraction.text_id.is_not(None), not_taken_down())
        )
        known = {public_id(site, key): (site_id, made) for site, key, site_id, made in session.execute(query)}
        text = {name: made.text_id or 0 for name, (_, made) in known.items()}
        apart = {text[name] for name in waiting}
        for name, (site_id, made) in known.items():
            if text[name] not in apart:
                row: dict[str, Any] = {
                    "article_id": made.article_id,
                    "text_id": made.text_id,
                    "site_id": site_id,
                    "published_instant": made.published_instant,
                    "published_precision": made.published_precision,
                    "day": made.published and made.published.instant.toordinal(),
                    "source": (credits or {}).get(name),
                    "figures": "",
                }
                session.execute(insert(SourceRecord), row)
        empty = {text[name] for name in failed}
        canonical = {one: one for one in text.values()} | {
            text[name]: text[of[0]] for of in map(list, groups) for name in of
        }
        for one in sorted(set(text.values()) - apart):
            print_ = {"shingles": 0} if one in empty else {"shingles": SHINGLES, "signature": bytes(4 * BANDS * ROWS)}
            session.execute(
                insert(Fingerprint),
                {"text_id": one, "algorithm": ALGORITHM, "core_hash": one, "figures": "", "core_figures": "", **print_},
            )
            if one not in empty:
                session.execute(insert(TextGroup), {"text_id": one, "canonical_id": canonical[one]})
        for name, site in (names or {}).items():
            site_id = session.scalars(select(Site.id).where(Site.name == site)).one()
            session.execute(insert(SiteName), {"site_id": site_id, "name": name})
        for (one_name, other_name), (method, jaccard, containment) in (pairs or {}).items():
            first, second = sorted((text[one_name], text[other_name]))
            pair = {"text_id": first, "other_id": second, "method": method.value}
            session.execute(insert(Reprint), pair | {"jaccard": jaccard, "containment": containment})
