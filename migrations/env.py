"""How Alembic reaches the archive: by the connection it is given, else by the environment's settings."""

from typing import Literal

from alembic import context
from sqlalchemy import Connection

from archive.database import open_engine
from archive.models import Base, Instant, Words
from archive.settings import Settings


def _render(kind: str, item: object, _context: object) -> str | Literal[False]:
    # Migrations outlive the models: they name only types of SQLAlchemy.
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    return "sa.Text()" if kind == "type" and isinstance(item, Words) else False


def run(connection: Connection) -> None:
    """Run the migrations on one connection, in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
        # SQLite can only alter a table by copying it; the same operations are plain on PostgreSQL.
        render_as_batch=True,
        render_item=_render,
        # True on SQLite as well, since we send BEGIN ourselves.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with open_engine(Settings.from_environment().database_url).begin() as opened:
        run(opened)
