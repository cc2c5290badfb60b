"""Text groups: source records, names of sites, recurring paragraphs, fingerprints, reprints.

The tables are made empty: what is in an archive already is compared by `baotinh reprints rebuild`.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_METHODS = "'equal', 'jaccard', 'containment', 'credited'"
_TABLES = (
    "text_group",
    "reprint",
    "lsh_band",
    "fingerprint",
    "site_paragraph_text",
    "site_paragraph",
    "source_record",
    "site_name",
)


def upgrade() -> None:
    op.execute("alter table site add column source_records integer not null default 0")
    op.create_table(
        "site_name",
        _key("site_id", "site", "site_name"),
        sa.Column("name", _words(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "name", name=op.f("pk_site_name")),
    )
    op.create_index(op.f("ix_site_name_name"), "site_name", ["name"])
    op.create_table(
        "source_record",
        _key("article_id", "article", "source_record"),
        _key("text_id", "text", "source_record"),
        _key("site_id", "site", "source_record"),
        sa.Column("published_instant", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_precision", _words(), nullable=True),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.Column("source", _words(), nullable=True),
        sa.Column("figures", _words(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_source_record")),
    )
    op.create_index(op.f("ix_source_record_text_id"), "source_record", ["text_id"])
    op.create_index(op.f("ix_source_record_site_id_day"), "source_record", ["site_id", "day"])
    credited = sa.text("source is not null")
    op.create_index(
        op.f("ix_source_record_source_day"),
        "source_record",
        ["source", "day"],
        sqlite_where=credited,
        postgresql_where=credited,
    )
    op.create_table(
        "site_paragraph",
        _key("site_id", "site", "site_paragraph"),
        sa.Column("paragraph", sa.BigInteger(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "paragraph", name=op.f("pk_site_paragraph")),
        sa.CheckConstraint("articles > 0", name=op.f("ck_site_paragraph_articles")),
        sqlite_with_rowid=False,
    )
    recurring = sa.text("articles >= 10")
    op.create_index(
        "ix_site_paragraph_recurring",
        "site_paragraph",
        ["site_id", "articles"],
        sqlite_where=recurring,
        postgresql_where=recurring,
    )
    op.create_table(
        "site_paragraph_text",
        _key("site_id", "site", "site_paragraph_text"),
        sa.Column("paragraph", sa.BigInteger(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "paragraph", "text_id", name=op.f("pk_site_paragraph_text")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "fingerprint",
        _key("text_id", "text", "fingerprint"),
        sa.Column("algorithm", _words(), nullable=False),
        sa.Column("core_hash", sa.BigInteger(), nullable=False),
        sa.Column("shingles", sa.Integer(), nullable=False),
        sa.Column("figures", _words(), nullable=False),
        sa.Column("core_figures", _words(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("text_id", name=op.f("pk_fingerprint")),
        sa.CheckConstraint("(shingles > 0) = (signature is not null)", name=op.f("ck_fingerprint_signature")),
    )
    op.create_table(
        "lsh_band",
        sa.Column("band", sa.BigInteger(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("band", "text_id", name=op.f("pk_lsh_band")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reprint",
        _key("text_id", "text", "reprint"),
        _key("other_id", "text", "reprint"),
        sa.Column("method", _words(), nullable=False),
        sa.Column("jaccard", sa.Double(), nullable=False),
        sa.Column("containment", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("text_id", "other_id", name=op.f("pk_reprint")),
        sa.CheckConstraint("text_id < other_id", name=op.f("ck_reprint_order")),
        sa.CheckConstraint(f"method in ({_METHODS})", name=op.f("ck_reprint_method")),
    )
    op.create_index(op.f("ix_reprint_other_id"), "reprint", ["other_id"])
    op.create_table(
        "text_group",
        _key("text_id", "text", "text_group"),
        _key("canonical_id", "text", "text_group"),
        sa.PrimaryKeyConstraint("text_id", name=op.f("pk_text_group")),
    )
    op.create_index(op.f("ix_text_group_canonical_id"), "text_group", ["canonical_id"])


def downgrade() -> None:
    for name in _TABLES:
        op.drop_table(name)
    op.drop_column("site", "source_records")


def _words() -> sa.Text:
    return sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()


def _key(column: str, of: str, table: str) -> sa.Column[int]:
    name = op.f(f"fk_{table}_{column}_{of}")
    return sa.Column(column, sa.Integer(), sa.ForeignKey(f"{of}.id", name=name), nullable=False)
