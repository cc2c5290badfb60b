"""Captures that refer to others, exceptions to TLS, exclusions, blocked and skipped runs."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OUTCOMES = "'running', 'finished', 'stopped', 'failed'"
_STATES = "'found', 'fetched', 'rejected', 'gone', 'failed', 'forbidden', 'alias'"


def upgrade() -> None:
    _change_check("run", "outcome", f"{_OUTCOMES}, 'lost'", f"{_OUTCOMES}, 'blocked', 'skipped', 'lost'")
    _change_check("url", "state", _STATES, f"{_STATES}, 'excluded'")
    # SQLite adds a column with its constraints in one statement only, and PostgreSQL understands that one too.
    op.execute(
        "alter table capture add column refers_to_id integer "
        "constraint fk_capture_refers_to_id_capture references capture (id)"
    )
    op.add_column("capture", sa.Column("tls_exception", sa.Date(), nullable=True))
    op.add_column("capture", sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True))
    words = 'text collate "C"' if op.get_bind().dialect.name == "postgresql" else "text"
    op.execute(
        f"alter table extraction add column kind {words} "
        "constraint ck_extraction_kind check (kind in ('article', 'media'))"
    )
    # Until now only the article itself said of what kind its current reading is.
    op.execute(
        "update extraction set kind = (select article.kind from article where article.id = extraction.article_id) "
        "where outcome = 'article'"
    )
    op.create_table(
        "exclusion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("article_key", _words(), nullable=False),
        sa.Column("url", _words(), nullable=False),
        sa.Column("reason", _words(), nullable=False),
        sa.Column("excluded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_exclusion_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exclusion")),
        sa.UniqueConstraint("site_id", "article_key", name=op.f("uq_exclusion_site_id_article_key")),
    )


def downgrade() -> None:
    # An older program takes a closed address for one it must not ask for, and a run that ended so for one that failed.
    op.execute("update url set state = 'forbidden', due_at = null where state = 'excluded'")
    op.execute("update run set outcome = 'failed' where outcome in ('blocked', 'skipped')")
    op.drop_table("exclusion")
    op.drop_column("extraction", "kind")
    for name in ("purged_at", "tls_exception", "refers_to_id"):
        op.drop_column("capture", name)
    _change_check("url", "state", f"{_STATES}, 'excluded'", _STATES)
    _change_check("run", "outcome", f"{_OUTCOMES}, 'blocked', 'skipped', 'lost'", f"{_OUTCOMES}, 'lost'")


def _words() -> sa.Text:
    return sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()


def _change_check(table: str, column: str, old: str, new: str) -> None:
    """Let another list of words be allowed in a column.

    SQLite changes no constraint but by copying the table, which the foreign keys to it forbid within a transaction.
    What changes nothing on the disk may be changed in the table's declaration (SQLite, "ALTER TABLE", section 7).
    """
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        name = f"ck_{table}_{column}"
        op.drop_constraint(op.f(name), table, type_="check")
        op.create_check_constraint(op.f(name), table, f"{column} in ({new})")
        return
    version = connection.exec_driver_sql("pragma schema_version").scalar_one()
    connection.exec_driver_sql("pragma writable_schema = on")
    try:
        done = connection.exec_driver_sql(
            "update sqlite_master set sql = replace(sql, ?, ?) where type = 'table' and name = ? and instr(sql, ?)",
            (f"{column} in ({old})", f"{column} in ({new})", table, f"{column} in ({old})"),
        )
        if done.rowcount != 1:
            raise RuntimeError(
                f"table {table} is not declared as version 0001 declares it: its check of {column} differs"
            )
        connection.exec_driver_sql(f"pragma schema_version = {version + 1}")
    finally:
        connection.exec_driver_sql("pragma writable_schema = off")
