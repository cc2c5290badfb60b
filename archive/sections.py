"""Sections: which categories of its site an article stood in."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from archive.database import insert_if_new, insert_those_new
from archive.models import ArticleSection, Section


def put_in_sections(session: Session, site_id: int, article_id: int, names: Iterable[str | None]) -> None:
    """Note that an article stood in the sections `names`, making those that are new to the site."""
    wanted = dict.fromkeys(name for name in names if name)
    if not wanted:
        return
    mine = select(Section.id, Section.name).where(Section.site_id == site_id, Section.name.in_(wanted))
    known = {row.name: row.id for row in session.connection().execute(mine)}
    for name in wanted.keys() - known.keys():
        insert_if_new(session, Section, {"site_id": site_id, "name": name})
    if len(known) < len(wanted):
        known = {row.name: row.id for row in session.connection().execute(mine)}
    insert_those_new(session, ArticleSection, [{"article_id": article_id, "section_id": key} for key in known.values()])
