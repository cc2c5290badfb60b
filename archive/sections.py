"""Sections: which categories of its site an article stood in."""

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from archive.database import insert_those_new
from archive.models import ArticleSection, Section

_KNOWN = select(Section.id, Section.name).where(
    Section.site_id == bindparam("site"), Section.name.in_(bindparam("names", expanding=True))
)


def put_in_sections(session: Session, site_id: int, sections: Mapping[int, Iterable[str | None]]) -> None:
    """Note in which sections articles (their keys) stood, making those that are new to the site."""
    pairs = dict.fromkeys((article, name) for article, names in sections.items() for name in names if name)
    if not pairs:
        return
    names = sorted({name for _, name in pairs})
    given = {"site": site_id, "names": names}
    known = {row.name: row.id for row in session.connection().execute(_KNOWN, given)}
    if len(known) < len(names):
        new = [{"site_id": site_id, "name": name} for name in names if name not in known]
        insert_those_new(session, Section, new)
        known = {row.name: row.id for row in session.connection().execute(_KNOWN, given)}
    rows = [{"article_id": article, "section_id": known[name]} for article, name in pairs]
    insert_those_new(session, ArticleSection, rows)
