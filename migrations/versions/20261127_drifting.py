"""Verdicts: a site may be drifting."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BEFORE = "health in ('gone', 'broken', 'blocked', 'thin', 'paused', 'ok')"
_NOW = "health in ('gone', 'broken', 'blocked', 'drifting', 'thin', 'paused', 'ok')"


def upgrade() -> None:
    _change_check(_NOW)


def downgrade() -> None:
    # An older program calls a site broken whose layout is to be looked at.
    op.execute("update verdict set health = 'broken' where health = 'drifting'")
    _change_check(_BEFORE)


def _change_check(allowed: str) -> None:
    """Let another list of healths be allowed. SQLite copies the table for it, which no foreign key leads to."""
    with op.batch_alter_table("verdict") as batch:
        batch.drop_constraint(op.f("ck_verdict_health"), type_="check")
        batch.create_check_constraint(op.f("ck_verdict_health"), sa.text(allowed))
