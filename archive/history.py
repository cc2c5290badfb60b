"""What a publisher changed: the revisions of an article, each with both readings in full."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from archive.article import split_text
from archive.models import Extraction, Revision, Site, StoredArticle, StoredText
from archive.records import shown_date


@dataclass(frozen=True, slots=True)
class Side:
    """An article as one reading has it; `fields` by name, without the text, as a person reads them."""

    fields: dict[str, str]
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Revised:
    """One revision: when it was seen, which fields changed, and the article before and after.

    Both sides were read by extractor `version`.
    """

    number: int
    seen_at: datetime
    changed: tuple[str, ...]
    version: str
    before: Side
    after: Side


def history(session: Session, site: str, key: str) -> list[Revised]:
    """The revisions of the article of a site with this key, the oldest first."""
    before, after = aliased(Extraction), aliased(Extraction)
    then, now = aliased(StoredText), aliased(StoredText)
    query = (
        select(Revision, before, after, then.body, now.body)
        .join(StoredArticle, StoredArticle.id == Revision.article_id)
        .join(Site, Site.id == StoredArticle.site_id)
        .join(before, before.id == Revision.before_id)
        .join(after, after.id == Revision.after_id)
        .outerjoin(then, then.id == before.text_id)
        .outerjoin(now, now.id == after.text_id)
        .where(Site.name == site, StoredArticle.key == key)
        .order_by(Revision.number)
    )
    return [
        Revised(
            number=revision.number,
            seen_at=revision.seen_at,
            changed=tuple(revision.changed),
            version=later.extractor_version,
            before=_side(earlier, old),
            after=_side(later, new),
        )
        for revision, earlier, later, old, new in session.execute(query)
    ]


def _side(made: Extraction, body: str | None) -> Side:
    fields = {
        "title": made.title,
        "published": shown_date(made.published),
        "author": made.author,
        "affiliation": made.affiliation,
        "source_credit": made.source_credit,
        "section": made.section,
        "tags": ", ".join(made.tags),
        "attachments": ", ".join(f"{one['label']} {one['url']}".strip() for one in made.attachments),
        "kinds": " ".join(made.kinds),
    }
    blocks = tuple(block.text for block in split_text(body or "", made.kinds if body else []))
    return Side({name: value or "" for name, value in fields.items()}, blocks)
