"""Sections: which categories of its site an article stood in."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from archive.models import ArticleSection, Section, StoredArticle


def put_in_sections(session: Session, article: StoredArticle, names: Iterable[str | None]) -> None:
    """Note that `article` stood in the sections `names`, making those that are new to the site."""
    for name in dict.fromkeys(name for name in names if name):
        section = session.scalar(select(Section).where(Section.site_id == article.site_id, Section.name == name))
        if section is None:
            section = Section(site_id=article.site_id, name=name)
            session.add(section)
            session.flush()
        if session.get(ArticleSection, (article.id, section.id)) is None:
            session.add(ArticleSection(article_id=article.id, section_id=section.id))
            session.flush()
