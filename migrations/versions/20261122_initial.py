"""The tables of the first road: crawl, clean, archive, export."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _whole_date(name: str) -> str:
    parts = [f"{name}_{part}" for part in ("instant", "precision", "raw", "source")]
    none, whole = (" and ".join(f"{part} is {word}" for part in parts) for word in ("null", "not null"))
    return f"({none}) or ({whole} and {name}_precision in ('minute', 'day'))"


def upgrade() -> None:
    op.create_table(
        "site",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("name", name=op.f("uq_site_name")),
    )
    op.create_table(
        "text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("syllables", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(text_id) = 16 and length(sha256) = 64", name=op.f("ck_text_ids")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text")),
        sa.UniqueConstraint("sha256", name=op.f("uq_text_sha256")),
        sa.UniqueConstraint("text_id", name=op.f("uq_text_text_id")),
    )
    op.create_table(
        "article",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("first_fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('article', 'media')", name=op.f("ck_article_kind")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_article_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("site_id", "key", name=op.f("uq_article_site_id_key")),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("counts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("arguments", sa.JSON(none_as_null=True), nullable=False),
        sa.CheckConstraint("(outcome = 'running') = (finished_at is null)", name=op.f("ck_run_finished")),
        sa.CheckConstraint(
            "outcome in ('running', 'finished', 'stopped', 'failed', 'lost')", name=op.f("ck_run_outcome")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_run_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_site_id_started_at"), ["site_id", "started_at"], unique=False)

    op.create_table(
        "section",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_section_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_section")),
        sa.UniqueConstraint("site_id", "name", name=op.f("uq_section_site_id_name")),
    )
    op.create_table(
        "site_host",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_host_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_host")),
        sa.UniqueConstraint("site_id", "host", name=op.f("uq_site_host_site_id_host")),
    )
    op.create_table(
        "site_province",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("era", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.CheckConstraint("era in ('63', '34')", name=op.f("ck_site_province_era")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_province_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_province")),
        sa.UniqueConstraint("site_id", "era", "code", name=op.f("uq_site_province_site_id_era_code")),
    )
    op.create_table(
        "url",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("article_key", sa.Text(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_on", sa.Text(), nullable=True),
        sa.Column("sections", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("listed_title", sa.Text(), nullable=True),
        sa.Column("listed_instant", sa.DateTime(timezone=True), nullable=True),
        sa.Column("listed_precision", sa.Text(), nullable=True),
        sa.Column("listed_raw", sa.Text(), nullable=True),
        sa.Column("listed_source", sa.Text(), nullable=True),
        sa.Column("listed_modified", sa.DateTime(timezone=True), nullable=True),
        sa.Column("walked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("walked_down_to", sa.Date(), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            _whole_date("listed"),
            name=op.f("ck_url_listed"),
        ),
        sa.CheckConstraint("kind in ('article', 'listing', 'feed', 'sitemap', 'api')", name=op.f("ck_url_kind")),
        sa.CheckConstraint(
            "state in ('found', 'fetched', 'rejected', 'gone', 'failed', 'forbidden', 'alias')",
            name=op.f("ck_url_state"),
        ),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_url_failures")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_url_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_url")),
        sa.UniqueConstraint("site_id", "url", name=op.f("uq_url_site_id_url")),
    )
    with op.batch_alter_table("url", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_url_site_id_article_key"), ["site_id", "article_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_url_site_id_due_at"), ["site_id", "due_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_url_site_id_kind_listed_instant"),
            ["site_id", "kind", "listed_instant"],
            unique=False,
        )

    op.create_table(
        "article_section",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("section_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_section_article_id_article")),
        sa.ForeignKeyConstraint(["section_id"], ["section.id"], name=op.f("fk_article_section_section_id_section")),
        sa.PrimaryKeyConstraint("article_id", "section_id", name=op.f("pk_article_section")),
    )
    op.create_table(
        "article_url",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_url_article_id_article")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_article_url_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_url")),
        sa.UniqueConstraint("site_id", "url", name=op.f("uq_article_url_site_id_url")),
    )
    with op.batch_alter_table("article_url", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_url_article_id"), ["article_id"], unique=False)

    op.create_table(
        "capture",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("final_url", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=True),
        sa.Column("content_encoding", sa.Text(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("offset", sa.Integer(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("payload_digest", sa.Text(), nullable=False),
        sa.Column("payload_length", sa.Integer(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=True),
        sa.CheckConstraint('"offset" >= 0 and length > 0 and payload_length >= 0', name=op.f("ck_capture_place")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_capture_run_id_run")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_capture_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capture")),
        sa.UniqueConstraint("file", "offset", name=op.f("uq_capture_file_offset")),
    )
    with op.batch_alter_table("capture", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_capture_site_id_final_url"), ["site_id", "final_url"], unique=False)
        batch_op.create_index(batch_op.f("ix_capture_site_id_url"), ["site_id", "url"], unique=False)

    op.create_table(
        "extraction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("capture_id", sa.Integer(), nullable=False),
        sa.Column("extractor_version", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=True),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("text_id", sa.Integer(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("kinds", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("published_instant", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_precision", sa.Text(), nullable=True),
        sa.Column("published_raw", sa.Text(), nullable=True),
        sa.Column("published_source", sa.Text(), nullable=True),
        sa.Column("modified_instant", sa.DateTime(timezone=True), nullable=True),
        sa.Column("modified_precision", sa.Text(), nullable=True),
        sa.Column("modified_raw", sa.Text(), nullable=True),
        sa.Column("modified_source", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("affiliation", sa.Text(), nullable=True),
        sa.Column("source_credit", sa.Text(), nullable=True),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("attachments", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("declared_charset", sa.Text(), nullable=True),
        sa.Column("used_charset", sa.Text(), nullable=True),
        sa.Column("flags", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("origins", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            _whole_date("modified"),
            name=op.f("ck_extraction_modified"),
        ),
        sa.CheckConstraint(
            "(outcome = 'article' and article_id is not null and title is not null and url is not null"
            " and content_hash is not null and reason is null)"
            " or (outcome = 'rejected' and article_id is null and text_id is null"
            " and not is_current and reason is not null)",
            name=op.f("ck_extraction_outcome"),
        ),
        sa.CheckConstraint(
            _whole_date("published"),
            name=op.f("ck_extraction_published"),
        ),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_extraction_article_id_article")),
        sa.ForeignKeyConstraint(["capture_id"], ["capture.id"], name=op.f("fk_extraction_capture_id_capture")),
        sa.ForeignKeyConstraint(["text_id"], ["text.id"], name=op.f("fk_extraction_text_id_text")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extraction")),
        sa.UniqueConstraint("capture_id", "extractor_version", name=op.f("uq_extraction_capture_id_extractor_version")),
    )
    with op.batch_alter_table("extraction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_extraction_article_id"), ["article_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_extraction_text_id"), ["text_id"], unique=False)
        batch_op.create_index(
            "uq_extraction_current",
            ["article_id"],
            unique=True,
            sqlite_where=sa.text("is_current"),
            postgresql_where=sa.text("is_current"),
        )

    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("before_id", sa.Integer(), nullable=False),
        sa.Column("after_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.JSON(none_as_null=True), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_revision_number")),
        sa.ForeignKeyConstraint(["after_id"], ["extraction.id"], name=op.f("fk_revision_after_id_extraction")),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_revision_article_id_article")),
        sa.ForeignKeyConstraint(["before_id"], ["extraction.id"], name=op.f("fk_revision_before_id_extraction")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sa.UniqueConstraint("article_id", "number", name=op.f("uq_revision_article_id_number")),
    )


def downgrade() -> None:
    op.drop_table("revision")
    with op.batch_alter_table("extraction", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_extraction_current",
            sqlite_where=sa.text("is_current"),
            postgresql_where=sa.text("is_current"),
        )
        batch_op.drop_index(batch_op.f("ix_extraction_text_id"))
        batch_op.drop_index(batch_op.f("ix_extraction_article_id"))

    op.drop_table("extraction")
    with op.batch_alter_table("capture", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_capture_site_id_url"))
        batch_op.drop_index(batch_op.f("ix_capture_site_id_final_url"))

    op.drop_table("capture")
    with op.batch_alter_table("article_url", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_url_article_id"))

    op.drop_table("article_url")
    op.drop_table("article_section")
    with op.batch_alter_table("url", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_url_site_id_kind_listed_instant"))
        batch_op.drop_index(batch_op.f("ix_url_site_id_due_at"))
        batch_op.drop_index(batch_op.f("ix_url_site_id_article_key"))

    op.drop_table("url")
    op.drop_table("site_province")
    op.drop_table("site_host")
    op.drop_table("section")
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_run_site_id_started_at"))

    op.drop_table("run")
    op.drop_table("article")
    op.drop_table("text")
    op.drop_table("site")
