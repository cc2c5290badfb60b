"""Source records: an article as it stands now, with all that people may ask of it.

The command line shows them and the exports write them, so that both say the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, UnaryExpression, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from archive.article import Attachment, Block, BlockKind, Dated, Precision, join_blocks, split_text
from archive.clock import VIETNAM
from archive.exclusion import not_taken_down
from archive.models import (
    ArticleSection,
    ArticleUrl,
    Capture,
    Era,
    Extraction,
    Fingerprint,
    Section,
    Site,
    SiteName,
    SiteProvince,
    SourceRecord,
    StoredArticle,
    StoredText,
    TextGroup,
    public_id,
)
from archive.provinces import by_code

_BATCH = 500
"""Records read at a time: what an export holds in memory."""

_CANONICAL = aliased(StoredText)

TEMPLATE_ONLY = "template-only"
"""The flag of an article whose text is nothing but paragraphs that recur on its site: a failed extraction."""

Sorting = ColumnElement[Any] | UnaryExpression[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One article of one site, as its current extraction reads it.

    `id` is its public id, `text_id` None where it has no text (a photo story). `text_group` is the text id of the
    canonical text of its text group, None where it is in none: it has no text, its text was not compared yet, or
    `is_template`, since all of its paragraphs recur on its site. `province_then` is the site's province among the 63,
    `province_now` the one of the 34 it became. `file` and `offset` lead to the capture it was read from, `urls` and
    `sections` are all that are known, sorted.
    """

    id: str
    site: str
    site_title: str
    key: str
    url: str
    kind: str
    title: str
    blocks: tuple[Block, ...]
    text_id: str | None
    text_group: str | None
    is_template: bool
    syllables: int
    published: Dated | None
    modified: Dated | None
    author: str | None
    affiliation: str | None
    source_credit: str | None
    section: str | None
    sections: tuple[str, ...]
    tags: tuple[str, ...]
    views: int | None
    language: str | None
    attachments: tuple[Attachment, ...]
    province_then: str | None
    province_now: str | None
    first_fetched_at: datetime
    fetched_at: datetime
    gone_at: datetime | None
    urls: tuple[str, ...]
    layout: str
    extractor_version: str
    declared_charset: str | None
    used_charset: str | None
    flags: tuple[str, ...]
    origins: dict[str, str]
    status: int
    file: str
    offset: int
    length: int
    payload_digest: str

    @property
    def lead(self) -> str | None:
        """The words of the lead, or None."""
        return next((block.text for block in self.blocks if block.kind is BlockKind.LEAD), None)

    @property
    def story(self) -> str | None:
        """The id of its text group, as exports have it: a text that was not compared yet is a group of its own."""
        return self.text_group or self.text_id

    @property
    def shown_flags(self) -> tuple[str, ...]:
        """The flags of its extraction, and `TEMPLATE_ONLY`, which is known only beside the site's other articles."""
        return (*self.flags, TEMPLATE_ONLY) if self.is_template else self.flags

    @property
    def captions(self) -> tuple[str, ...]:
        """The captions in the order of the page."""
        return tuple(block.text for block in self.blocks if block.kind is BlockKind.CAPTION)

    def text(self, captions: bool = True) -> str:
        """The text, or what is left of it without its captions."""
        kept = [block for block in self.blocks if captions or block.kind is not BlockKind.CAPTION]
        return join_blocks(kept)


_OTHER = aliased(SourceRecord)
_CREDITS_ANOTHER = (
    select(_OTHER.article_id)
    .join(SiteName, SiteName.site_id == _OTHER.site_id)
    .where(
        SiteName.name == SourceRecord.source,
        SiteName.site_id != SourceRecord.site_id,
        _OTHER.text_id == SourceRecord.text_id,
    )
    .correlate(SourceRecord)
    .exists()
)


def in_order_of_appearance(dated: type[Extraction | SourceRecord] = Extraction) -> tuple[Sorting, ...]:
    """The order that says where a text appeared first, as `archive.grouping.groups` has it for texts.

    Undated articles come last; before them those that credit another site which has the very same text; then it goes by
    date, where of a day alone the last minute counts, by site and key. `dated` is whose columns tell the date.
    """
    return (
        dated.published_instant.is_(None),
        _CREDITS_ANOTHER,
        func.coalesce(SourceRecord.day, 0),
        dated.published_precision == Precision.DAY.value,
        dated.published_instant,
        Site.name,
        StoredArticle.key,
    )


def in_order_of_groups(*, by_text: bool) -> tuple[Sorting, ...]:
    """One text group after the other, its canonical text first; articles without a text stand last.

    Within the group the other articles come in the order of their appearance, or `by_text` one text after the other.
    """
    group = func.coalesce(_CANONICAL.text_id, StoredText.text_id)
    text = (StoredText.text_id,) if by_text else ()
    return (group.is_(None), group, StoredText.id != TextGroup.canonical_id, *text, *in_order_of_appearance())


def not_template_only() -> ColumnElement[bool]:
    """The condition of `records` that leaves out failed extractions, whose texts are no one's story."""
    return or_(Fingerprint.shingles.is_(None), Fingerprint.shingles > 0)


def records(
    session: Session, conditions: Iterable[ColumnElement[bool]] = (), order: Sequence[Sorting] = ()
) -> Iterator[Record]:
    """The records that meet `conditions`.

    Those may be on Site, StoredArticle, Extraction, Capture, StoredText, TextGroup and Fingerprint. They come in
    `order`, a batch in memory at a time. What was taken down is never among them.
    """
    # Bodies are read by the batch, so that sorting does not carry them about.
    query = (
        select(
            StoredArticle,
            Extraction,
            Capture,
            Site,
            StoredText.text_id,
            StoredText.syllables,
            _CANONICAL.text_id,
            Fingerprint.shingles,
        )
        .join(Site, Site.id == StoredArticle.site_id)
        .join(Extraction, (Extraction.article_id == StoredArticle.id) & Extraction.is_current)
        .join(Capture, Capture.id == Extraction.capture_id)
        .outerjoin(StoredText, StoredText.id == Extraction.text_id)
        .outerjoin(TextGroup, TextGroup.text_id == Extraction.text_id)
        .outerjoin(_CANONICAL, _CANONICAL.id == TextGroup.canonical_id)
        .outerjoin(Fingerprint, Fingerprint.text_id == Extraction.text_id)
        .outerjoin(SourceRecord, SourceRecord.article_id == StoredArticle.id)
        .where(not_taken_down(), *conditions)
        .order_by(*(order or in_order_of_appearance()))
        .execution_options(yield_per=_BATCH)
    )
    names = _province_names(session)
    for batch in session.execute(query).partitions():
        articles = [row[0].id for row in batch]
        urls = _grouped(session, select(ArticleUrl.article_id, ArticleUrl.url), ArticleUrl.article_id, articles)
        sections = _grouped(
            session,
            select(ArticleSection.article_id, Section.name).join(Section, Section.id == ArticleSection.section_id),
            ArticleSection.article_id,
            articles,
        )
        texts = {row[1].text_id for row in batch} - {None}
        bodies = dict(session.execute(select(StoredText.id, StoredText.body).where(StoredText.id.in_(texts))).all())
        for article, made, capture, site, text_id, syllables, text_group, shingles in batch:
            then, now = names.get(site.id, (None, None))
            yield Record(
                id=public_id(site.name, article.key),
                site=site.name,
                site_title=site.title,
                key=article.key,
                url=article.url,
                kind=article.kind,
                title=made.title or "",
                blocks=split_text(bodies.get(made.text_id or 0, ""), made.kinds),
                text_id=text_id,
                text_group=text_group,
                is_template=shingles == 0,
                syllables=syllables or 0,
                published=made.published,
                modified=made.modified,
                author=made.author,
                affiliation=made.affiliation,
                source_credit=made.source_credit,
                section=made.section,
                sections=tuple(sorted(sections[article.id])),
                tags=tuple(made.tags),
                views=capture.views,
                language=made.language,
                attachments=tuple(Attachment(**one) for one in made.attachments),
                province_then=then,
                province_now=now,
                first_fetched_at=article.first_fetched_at,
                fetched_at=capture.fetched_at,
                gone_at=article.gone_at,
                urls=tuple(sorted(urls[article.id])),
                layout=made.layout,
                extractor_version=made.extractor_version,
                declared_charset=made.declared_charset,
                used_charset=made.used_charset,
                flags=tuple(made.flags),
                origins=made.origins,
                status=capture.status,
                file=capture.file,
                offset=capture.offset,
                length=capture.length,
                payload_digest=capture.payload_digest,
            )


def shown_date(dated: Dated | None) -> str | None:
    """A date as exports write it: ``2022-01-05T08:00:00+07:00``, or ``2022-01-05`` if only that is known."""
    if dated is None:
        return None
    instant = dated.instant.astimezone(VIETNAM)
    return instant.date().isoformat() if dated.precision is Precision.DAY else shown_instant(instant)


def shown_instant(instant: datetime) -> str:
    """An instant as exports write it: to the second, with +07:00."""
    return instant.astimezone(VIETNAM).isoformat(timespec="seconds")


def _grouped(
    session: Session, query: Select[int, str], column: InstrumentedAttribute[int], keys: list[int]
) -> dict[int, list[str]]:
    grouped: dict[int, list[str]] = defaultdict(list)
    for key, value in session.execute(query.where(column.in_(keys))):
        grouped[key].append(value)
    return grouped


def _province_names(session: Session) -> dict[int, tuple[str | None, str | None]]:
    """(name then, name now) of each site."""
    names: dict[int, tuple[str | None, str | None]] = {}
    for row in session.scalars(select(SiteProvince).order_by(SiteProvince.id)):
        province = by_code(row.era, row.code)[0]
        then, now = names.get(row.site_id, (None, None))
        names[row.site_id] = (province.old_name, now) if row.era == Era.OLD else (then, province.new_name)
    return names
