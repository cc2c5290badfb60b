"""States of sites: checks, disabled ones, ids that they had before they were renamed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "former_site",
        sa.Column("name", _words(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("renamed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_former_site_site_id_site")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_former_site")),
    )
    op.create_table(
        "disabled_site",
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", _words(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_disabled_site_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_disabled_site")),
    )
    op.create_table(
        "site_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("words", _words(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_check_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_check")),
    )
    op.create_index(op.f("ix_site_check_site_id_checked_at"), "site_check", ["site_id", "checked_at"])


def downgrade() -> None:
    for name in ("site_check", "disabled_site", "former_site"):
        op.drop_table(name)


def _words() -> sa.Text:
    return sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
