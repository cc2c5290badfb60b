"""The tables. Keys, foreign keys and checks stand here, so that the database itself refuses nonsense.

Integer keys join tables and never leave the package; what users see is derived (`public_id`, text id).
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator, TypeEngine

from archive.article import UNKEPT, ArticleKind, Dated, Precision
from archive.clock import VIETNAM


class UrlKind(StrEnum):
    """What a URL of the ledger leads to."""

    ARTICLE = "article"
    LISTING = "listing"
    FEED = "feed"
    SITEMAP = "sitemap"
    API = "api"


class UrlState(StrEnum):
    """How far a URL has come.

    `ALIAS` leads to an article that was fetched under another URL, `EXCLUDED` to one that was taken down.
    """

    FOUND = "found"
    FETCHED = "fetched"
    REJECTED = "rejected"
    GONE = "gone"
    FAILED = "failed"
    FORBIDDEN = "forbidden"
    ALIAS = "alias"
    EXCLUDED = "excluded"


class RunOutcome(StrEnum):
    """How a run ended.

    `BLOCKED`: the site turned us away (429, 503 for too long, a challenge in place of robots.txt). `SKIPPED`: nothing
    was asked for, since the site's rules could not be read. `LOST`: the process died without a word.
    """

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    LOST = "lost"


class Health(StrEnum):
    """How a site stands after a run, the worst first (`schedules.health` has the rules).

    `GONE`: its host or all of its listings are no more. `BROKEN`: it answers, and cannot be read any more, or cannot be
    reached. `BLOCKED`: it turns us away. `DRIFTING`: it is read, but no longer as it was. `THIN`: it gives clearly less
    than it used to. `PAUSED`: an operator said so.
    """

    GONE = "gone"
    BROKEN = "broken"
    BLOCKED = "blocked"
    DRIFTING = "drifting"
    THIN = "thin"
    PAUSED = "paused"
    OK = "ok"


class Era(StrEnum):
    """Which list of provinces a code belongs to: codes were reused on 2025-07-01."""

    OLD = "63"
    NEW = "34"


class Instant(TypeDecorator[datetime]):
    """An instant: aware on the way in, stored in UTC, aware in +07:00 on the way out.

    Binding a naive datetime raises ValueError. SQLite keeps no offset, so ours is put back.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware datetime into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: give an instant with its offset")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn what the database gives into an aware datetime in +07:00."""
        if value is None:
            return None
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value).astimezone(VIETNAM)


_BY_BYTES = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that sorts by its bytes, as on SQLite: exports must not depend on the server's idea of the alphabet."""


class Words(TypeDecorator[str]):
    """Text from anywhere. What not every database keeps (`archive.article.UNKEPT`) becomes U+FFFD on each of them."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        """Say the order on PostgreSQL, which has several."""
        return Text(collation="C") if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Mend what could not be kept."""
        if value is None:
            return None
        if "\0" not in value:
            # Encoding finds halves of pairs five times as fast as the pattern does.
            try:
                value.encode()
            except UnicodeEncodeError:
                pass
            else:
                return value
        return UNKEPT.sub("\ufffd", value)


class Base(DeclarativeBase):
    """The declarative base: every constraint gets a predictable name, which migrations need."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads it from the class
        str: Words,
        datetime: Instant,
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
    }


def _one_of(column: str, words: Iterable[str]) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} in ({listed})", name=column)


def _whole_date(name: str) -> CheckConstraint:
    """A date has instant, precision, raw and source, or none of them."""
    parts = [f"{name}_{part}" for part in ("instant", "precision", "raw", "source")]
    none, whole = (" and ".join(f"{part} is {word}" for part in parts) for word in ("null", "not null"))
    good = f"{name}_precision in ('{Precision.MINUTE}', '{Precision.DAY}')"
    return CheckConstraint(f"({none}) or ({whole} and {good})", name=name)


def dated_columns(name: str, dated: Dated | None) -> dict[str, Any]:
    """The four columns `<name>_instant`, `_precision`, `_raw` and `_source` of a date."""
    return {
        f"{name}_instant": dated and dated.instant,
        f"{name}_precision": dated and str(dated.precision),
        f"{name}_raw": dated and dated.raw,
        f"{name}_source": dated and dated.source,
    }


def _dated(instant: datetime | None, precision: str | None, raw: str | None, source: str | None) -> Dated | None:
    if instant is None or precision is None or raw is None or source is None:
        return None
    return Dated(instant, Precision(precision), raw, source)


class ReprintMethod(StrEnum):
    """On which evidence two texts are versions of one story (`archive.grouping` has the rules)."""

    EQUAL = "equal"
    JACCARD = "jaccard"
    CONTAINMENT = "containment"
    CREDITED = "credited"


class Site(Base):
    """One publisher. `name` is its stable id (``bao_quang_ninh``), `title` its name in Vietnamese.

    `source_records` counts its rows in that table: how many articles its recurring paragraphs were learned from.
    """

    __tablename__ = "site"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    family: Mapped[str]
    created_at: Mapped[datetime]
    source_records: Mapped[int] = mapped_column(default=0, server_default=text("0"))


class SiteHost(Base):
    """A host of a site, over time; `valid_until` is the first day it no longer was."""

    __tablename__ = "site_host"
    __table_args__ = (UniqueConstraint("site_id", "host"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    host: Mapped[str]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]


class SiteName(Base):
    """A name by which others credit a site, in the form that `archive.sources` compares."""

    __tablename__ = "site_name"
    __table_args__ = (Index(None, "name"),)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)


class SiteProvince(Base):
    """The province of a site in one era; `valid_until` is the first day it no longer was."""

    __tablename__ = "site_province"
    __table_args__ = (UniqueConstraint("site_id", "era", "code"), _one_of("era", Era))
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    era: Mapped[str]
    code: Mapped[str]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]


class FormerSite(Base):
    """An id that a site had until it was renamed: addresses of articles (``<id>-<key>``) may still name it."""

    __tablename__ = "former_site"
    name: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    renamed_at: Mapped[datetime]


class DisabledSite(Base):
    """A site that no night crawls, since when and why; an enabled one has no such row."""

    __tablename__ = "disabled_site"
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    disabled_at: Mapped[datetime]
    reason: Mapped[str]


class StoredCheck(Base):
    """One `sites check` of a site: on the live site or on saved pages, whether it passed, what it found in words."""

    __tablename__ = "site_check"
    __table_args__ = (Index(None, "site_id", "checked_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    checked_at: Mapped[datetime]
    live: Mapped[bool]
    passed: Mapped[bool]
    words: Mapped[str]


class PausedSite(Base):
    """A site that the schedule leaves out for a while, since when, until when (None: until resumed) and why."""

    __tablename__ = "paused_site"
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    paused_at: Mapped[datetime]
    until: Mapped[datetime | None]
    reason: Mapped[str]


class MutedSite(Base):
    """A site of which nobody is told until an instant, whatever becomes of it; it is crawled all the same."""

    __tablename__ = "muted_site"
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    muted_at: Mapped[datetime]
    until: Mapped[datetime]


class WantedRun(Base):
    """An operator wants the site crawled at once; the scheduler takes the row away when it begins."""

    __tablename__ = "wanted_run"
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    wanted_at: Mapped[datetime]


class NightReport(Base):
    """The report of a night as it was told, once a night; `night` is the day in Vietnam on which the night ends.

    `muted` are the ids of the sites of which it told nothing.
    """

    __tablename__ = "night_report"
    night: Mapped[date] = mapped_column(primary_key=True)
    reported_at: Mapped[datetime]
    words: Mapped[str]
    muted: Mapped[list[Any]] = mapped_column(default=list)


class Section(Base):
    """A category of a site, under the name its readers see."""

    __tablename__ = "section"
    __table_args__ = (UniqueConstraint("site_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    name: Mapped[str]


class Run(Base):
    """One crawl of one site, with its counts and outcome.

    `night` is the day in Vietnam on which the night ends that the scheduler started it for; None for one by hand.
    `host` is the name of the machine whose process `pid` is: the id of another machine's process says nothing here.
    """

    __tablename__ = "run"
    __table_args__ = (
        _one_of("outcome", RunOutcome),
        CheckConstraint("(outcome = 'running') = (finished_at is null)", name="finished"),
        Index(None, "site_id", "started_at"),
        Index(None, "night"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    night: Mapped[date | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime]
    pid: Mapped[int]
    host: Mapped[str] = mapped_column(default="", server_default=text("''"))
    outcome: Mapped[str] = mapped_column(default=RunOutcome.RUNNING.value)
    reason: Mapped[str | None]
    counts: Mapped[dict[str, Any]]
    arguments: Mapped[dict[str, Any]]


class Verdict(Base):
    """How a site stood after a run, compared with its own past, and why.

    `cause` is one word (`schedules.health.Cause`), None where all is well; `words` say it to people. `fields` are those
    that went missing where the cause is the layout, or are in doubt.
    """

    __tablename__ = "verdict"
    __table_args__ = (
        _one_of("health", Health),
        CheckConstraint("(health = 'ok') = (cause is null)", name="cause"),
        Index(None, "site_id", "run_id"),
        Index(None, "judged_at"),
    )
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    judged_at: Mapped[datetime]
    health: Mapped[str]
    cause: Mapped[str | None]
    fields: Mapped[list[Any]] = mapped_column(default=list)
    words: Mapped[str]


class Url(Base):
    """The ledger: every URL known, how it was found, when it was fetched, when to look again.

    `failures` counts hard failures as 1 and soft ones as 0.5; `sections` are the names of the
    listings it stood in; `walked_at` is when a listing was last walked, `walked_down_to` the
    day back to which nothing of it is missing.

    `etag`, `last_modified` and `body_hash` (the payload digest of its capture) are of the last good answer (an empty
    `etag` says that its validators lie: `archive.looks.LIES`), `unchanged` is how many looks in a row found it as
    before. `other_titles` are those under which an article was listed besides `listed_title`; `due_for` is why it is
    due apart from its age (a `Decision`). Of a listing, `second_look_at` is when it was last looked through for what
    was published late, `compared_at` when it was last settled what it no longer names, `resume_page` the page that a
    walk had come to at `resume_since`, when it was cut short.
    """

    __tablename__ = "url"
    __table_args__ = (
        UniqueConstraint("site_id", "url"),
        _one_of("kind", UrlKind),
        _one_of("state", UrlState),
        _whole_date("listed"),
        CheckConstraint("failures >= 0", name="failures"),
        Index(None, "site_id", "article_key"),
        Index(None, "site_id", "due_at"),
        Index(None, "site_id", "kind", "listed_instant"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    url: Mapped[str]
    kind: Mapped[str]
    article_key: Mapped[str | None]
    first_seen_at: Mapped[datetime]
    found_on: Mapped[str | None]
    sections: Mapped[list[Any]] = mapped_column(default=list)
    listed_title: Mapped[str | None]
    listed_instant: Mapped[datetime | None]
    listed_precision: Mapped[str | None]
    listed_raw: Mapped[str | None]
    listed_source: Mapped[str | None]
    listed_modified: Mapped[datetime | None]
    walked_at: Mapped[datetime | None]
    walked_down_to: Mapped[date | None]
    fetched_at: Mapped[datetime | None]
    status: Mapped[int | None]
    due_at: Mapped[datetime | None]
    failures: Mapped[float] = mapped_column(default=0.0)
    state: Mapped[str] = mapped_column(default=UrlState.FOUND.value)
    reason: Mapped[str | None]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    body_hash: Mapped[str | None]
    unchanged: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    other_titles: Mapped[list[Any] | None]
    due_for: Mapped[str | None]
    second_look_at: Mapped[datetime | None]
    compared_at: Mapped[datetime | None]
    resume_page: Mapped[int | None]
    resume_since: Mapped[datetime | None]

    @property
    def listed(self) -> Dated | None:
        """The publication date as discovery told it."""
        return _dated(self.listed_instant, self.listed_precision, self.listed_raw, self.listed_source)


class Capture(Base):
    """One fetched response: where its WARC record stands and what its headers said.

    `file` is relative to the captures folder; `views` is the counter seen on that page. `refers_to_id` is set where the
    payload was that of an earlier capture, whose record holds it. `tls_exception` is the last day of the exception
    under which the server's certificate was not verified. `purged_at` is when the record was emptied.
    """

    __tablename__ = "capture"
    __table_args__ = (
        UniqueConstraint("file", "offset"),
        CheckConstraint('"offset" >= 0 and length > 0 and payload_length >= 0', name="place"),
        Index(None, "site_id", "url"),
        Index(None, "site_id", "final_url"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    url: Mapped[str]
    final_url: Mapped[str]
    fetched_at: Mapped[datetime]
    status: Mapped[int]
    content_type: Mapped[str | None]
    content_encoding: Mapped[str | None]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    file: Mapped[str]
    offset: Mapped[int]
    length: Mapped[int]
    payload_digest: Mapped[str]
    payload_length: Mapped[int]
    views: Mapped[int | None]
    refers_to_id: Mapped[int | None] = mapped_column(ForeignKey("capture.id"))
    tls_exception: Mapped[date | None]
    purged_at: Mapped[datetime | None]


class StoredText(Base):
    """A clean body, once, however many articles carry it; `text_id` is 16 digits of `sha256`."""

    __tablename__ = "text"
    __table_args__ = (CheckConstraint("length(text_id) = 16 and length(sha256) = 64", name="ids"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    text_id: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str] = mapped_column(unique=True)
    # As it is or not at all: its digest is that of these very characters.
    body: Mapped[str] = mapped_column(_BY_BYTES)
    syllables: Mapped[int]
    created_at: Mapped[datetime]


class StoredArticle(Base):
    """One article of one site, under one key, however many URLs lead to it."""

    __tablename__ = "article"
    __table_args__ = (UniqueConstraint("site_id", "key"), _one_of("kind", ArticleKind))
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    key: Mapped[str]
    url: Mapped[str]
    kind: Mapped[str]
    first_fetched_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]


class ArticleUrl(Base):
    """A URL that leads to an article."""

    __tablename__ = "article_url"
    __table_args__ = (UniqueConstraint("site_id", "url"), Index(None, "article_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    url: Mapped[str]
    first_seen_at: Mapped[datetime]


class ArticleSection(Base):
    """An article stood in a section."""

    __tablename__ = "article_section"
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    section_id: Mapped[int] = mapped_column(ForeignKey("section.id"), primary_key=True)


class Extraction(Base):
    """What one extractor version read from one capture: an article, or why it is none.

    `kind` is that of the article, `kinds` are those of the blocks of its text, in order
    (`archive.article.split_text` undoes the join). `content_hash` covers the publisher's words and
    metadata: two that are equal are no revision of each other.
    """

    __tablename__ = "extraction"
    __table_args__ = (
        UniqueConstraint("capture_id", "extractor_version"),
        CheckConstraint(
            "(outcome = 'article' and article_id is not null and title is not null and url is not null"
            " and content_hash is not null and reason is null)"
            " or (outcome = 'rejected' and article_id is null and text_id is null and not is_current"
            " and reason is not null)",
            name="outcome",
        ),
        _one_of("kind", ArticleKind),
        _whole_date("published"),
        _whole_date("modified"),
        Index(
            "uq_extraction_current",
            "article_id",
            unique=True,
            sqlite_where=text("is_current"),
            postgresql_where=text("is_current"),
        ),
        Index(None, "article_id"),
        Index(None, "text_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    capture_id: Mapped[int] = mapped_column(ForeignKey("capture.id"))
    extractor_version: Mapped[str]
    outcome: Mapped[str]
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"))
    is_current: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    text_id: Mapped[int | None] = mapped_column(ForeignKey("text.id"))
    url: Mapped[str | None]
    title: Mapped[str | None]
    kinds: Mapped[list[Any]] = mapped_column(default=list)
    published_instant: Mapped[datetime | None]
    published_precision: Mapped[str | None]
    published_raw: Mapped[str | None]
    published_source: Mapped[str | None]
    modified_instant: Mapped[datetime | None]
    modified_precision: Mapped[str | None]
    modified_raw: Mapped[str | None]
    modified_source: Mapped[str | None]
    author: Mapped[str | None]
    affiliation: Mapped[str | None]
    source_credit: Mapped[str | None]
    section: Mapped[str | None]
    tags: Mapped[list[Any]] = mapped_column(default=list)
    language: Mapped[str | None]
    attachments: Mapped[list[Any]] = mapped_column(default=list)
    layout: Mapped[str] = mapped_column(default="")
    declared_charset: Mapped[str | None]
    used_charset: Mapped[str | None]
    flags: Mapped[list[Any]] = mapped_column(default=list)
    origins: Mapped[dict[str, Any]] = mapped_column(default=dict)
    content_hash: Mapped[str | None]
    created_at: Mapped[datetime]
    kind: Mapped[str | None]

    capture: Mapped[Capture] = relationship(lazy="raise")
    text: Mapped[StoredText | None] = relationship(lazy="raise")

    @property
    def published(self) -> Dated | None:
        """When the article was published, as this extraction read it."""
        return _dated(self.published_instant, self.published_precision, self.published_raw, self.published_source)

    @property
    def modified(self) -> Dated | None:
        """When the article says it was last changed."""
        return _dated(self.modified_instant, self.modified_precision, self.modified_raw, self.modified_source)


class Revision(Base):
    """A change by the publisher: between two captures, read by one extractor version."""

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("article_id", "number"), CheckConstraint("number > 0", name="number"))
    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    number: Mapped[int]
    before_id: Mapped[int] = mapped_column(ForeignKey("extraction.id"))
    after_id: Mapped[int] = mapped_column(ForeignKey("extraction.id"))
    seen_at: Mapped[datetime]
    changed: Mapped[list[Any]]


class Exclusion(Base):
    """An article that was taken down: the fact and the reason stay, its text is shown nowhere.

    `url` is as the request named it; `purged_at` is when its bytes were removed from the captures as well.
    """

    __tablename__ = "exclusion"
    __table_args__ = (UniqueConstraint("site_id", "article_key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    article_key: Mapped[str]
    url: Mapped[str]
    reason: Mapped[str]
    excluded_at: Mapped[datetime]
    purged_at: Mapped[datetime | None]


class SourceRecord(Base):
    """An article with a text, as the text groups know it: brought up to date whenever the article changes.

    `published_instant` and `_precision` are those of its current reading, `day` is the ordinal of that day in Vietnam;
    `source` is whom it credits, in the form of `SiteName.name`; `figures` are the numbers in its title, divided by
    spaces.
    """

    __tablename__ = "source_record"
    __table_args__ = (
        Index(None, "text_id"),
        Index(None, "site_id", "day"),
        Index(
            None,
            "source",
            "day",
            sqlite_where=text("source is not null"),
            postgresql_where=text("source is not null"),
        ),
    )
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    text_id: Mapped[int] = mapped_column(ForeignKey("text.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    published_instant: Mapped[datetime | None]
    published_precision: Mapped[str | None]
    day: Mapped[int | None]
    source: Mapped[str | None]
    figures: Mapped[str]


class SiteParagraph(Base):
    """In how many of a site's articles a paragraph stands, told by its fingerprint; `text_id` is one text that has it.

    Where there are more such texts, the others are in `SiteParagraphText`: few paragraphs ever recur. Here, there and
    in `LshBand` texts are no foreign keys: a text has forty such rows, each of which would be looked up when it is
    written, and a purge would look through all of them. `archive.reprints.regroup` removes them with the last article.
    """

    __tablename__ = "site_paragraph"
    __table_args__ = (
        CheckConstraint("articles > 0", name="articles"),
        Index(
            "ix_site_paragraph_recurring",
            "site_id",
            "articles",
            sqlite_where=text("articles >= 10"),
            postgresql_where=text("articles >= 10"),
        ),
        {"sqlite_with_rowid": False},
    )
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    paragraph: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    articles: Mapped[int]
    text_id: Mapped[int]


class SiteParagraphText(Base):
    """A further text of a site that has a recurring paragraph."""

    __tablename__ = "site_paragraph_text"
    __table_args__ = ({"sqlite_with_rowid": False},)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    paragraph: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    text_id: Mapped[int] = mapped_column(primary_key=True)


class Fingerprint(Base):
    """The core of a text as `algorithm` knows it: its hash, how many shingles it has, their MinHash signature.

    `figures` are the numbers of the whole text, in order, divided by spaces, `core_figures` those of its core.

    A text without any shingle is template only: all of its paragraphs recur, or it has no words. It has no signature
    and is in no group.
    """

    __tablename__ = "fingerprint"
    __table_args__ = (CheckConstraint("(shingles > 0) = (signature is not null)", name="signature"),)
    text_id: Mapped[int] = mapped_column(ForeignKey("text.id"), primary_key=True)
    algorithm: Mapped[str]
    core_hash: Mapped[int] = mapped_column(BigInteger)
    shingles: Mapped[int]
    figures: Mapped[str]
    core_figures: Mapped[str]
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)


class LshBand(Base):
    """One band of a text's signature, or the hash of its core: texts that share one are compared."""

    __tablename__ = "lsh_band"
    __table_args__ = ({"sqlite_with_rowid": False},)
    band: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    text_id: Mapped[int] = mapped_column(primary_key=True)


class Reprint(Base):
    """Two texts that are versions of one story, on what evidence, and what was measured of their cores.

    `jaccard` is shared shingles by all shingles of both, `containment` shared shingles by those of the shorter.
    """

    __tablename__ = "reprint"
    __table_args__ = (
        CheckConstraint("text_id < other_id", name="order"),
        _one_of("method", ReprintMethod),
        Index(None, "other_id"),
    )
    text_id: Mapped[int] = mapped_column(ForeignKey("text.id"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("text.id"), primary_key=True)
    method: Mapped[str]
    jaccard: Mapped[float]
    containment: Mapped[float]


class TextGroup(Base):
    """A text is a version of the story of `canonical_id`, itself among them; template-only texts are in no group."""

    __tablename__ = "text_group"
    __table_args__ = (Index(None, "canonical_id"),)
    text_id: Mapped[int] = mapped_column(ForeignKey("text.id"), primary_key=True)
    canonical_id: Mapped[int] = mapped_column(ForeignKey("text.id"))


def public_id(site: str, key: str) -> str:
    """The id of an article that users see; a site id holds no hyphen, so it can be taken apart."""
    return f"{site}-{key}"
