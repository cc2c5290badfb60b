"""Every night: what the schedule and the health of sites need, and what the ledger knows of every last answer."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("run", sa.Column("night", sa.Date(), nullable=True))
    op.add_column("run", sa.Column("host", _words(), nullable=False, server_default=sa.text("''")))
    op.create_index(op.f("ix_run_night"), "run", ["night"])
    for column in _of_url():
        op.add_column("url", column)
    op.create_table(
        "paused_site",
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", _words(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_paused_site_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_paused_site")),
    )
    op.create_table(
        "muted_site",
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("muted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_muted_site_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_muted_site")),
    )
    op.create_table(
        "wanted_run",
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_wanted_run_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_wanted_run")),
    )
    op.create_table(
        "night_report",
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", _words(), nullable=False),
        sa.Column("muted", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("night", name=op.f("pk_night_report")),
    )
    op.create_table(
        "verdict",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("health", _words(), nullable=False),
        sa.Column("cause", _words(), nullable=True),
        sa.Column("fields", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("words", _words(), nullable=False),
        sa.CheckConstraint(
            "health in ('gone', 'broken', 'blocked', 'thin', 'paused', 'ok')", name=op.f("ck_verdict_health")
        ),
        sa.CheckConstraint("(health = 'ok') = (cause is null)", name=op.f("ck_verdict_cause")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_verdict_run_id_run")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_verdict_site_id_site")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_verdict")),
    )
    op.create_index(op.f("ix_verdict_site_id_run_id"), "verdict", ["site_id", "run_id"])
    op.create_index(op.f("ix_verdict_judged_at"), "verdict", ["judged_at"])


def downgrade() -> None:
    for name in ("verdict", "night_report", "wanted_run", "muted_site", "paused_site"):
        op.drop_table(name)
    for column in _of_url():
        op.drop_column("url", column.name)
    op.drop_index(op.f("ix_run_night"), "run")
    op.drop_column("run", "night")
    op.drop_column("run", "host")


def _of_url() -> list[sa.Column[object]]:
    return [
        sa.Column("etag", _words(), nullable=True),
        sa.Column("last_modified", _words(), nullable=True),
        sa.Column("body_hash", _words(), nullable=True),
        sa.Column("unchanged", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("other_titles", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("due_for", _words(), nullable=True),
        sa.Column("second_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resume_page", sa.Integer(), nullable=True),
        sa.Column("resume_since", sa.DateTime(timezone=True), nullable=True),
    ]


def _words() -> sa.Text:
    return sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
