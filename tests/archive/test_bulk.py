"""Questions about long lists of values: what they find, and that an index finds it."""

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.sql import ClauseElement

from archive import paragraphs, reprints, versions
from archive.bulk import among, ask, insert_rows
from archive.database import Sessions, reading
from archive.models import Site as SiteRow
from archive.models import SiteName
from tests.archive.helpers import Site

WHOLE = {"_DROP_BANDS"}
"""What is asked only of the fingerprints of another algorithm, and says so."""

QUESTIONS = [
    pytest.param(getattr(module, name), id=f"{module.__name__}.{name}")
    for module in (paragraphs, reprints, versions)
    for name in sorted(vars(module))
    if name.isupper() and name not in WHOLE and isinstance(getattr(module, name), ClauseElement)
    if str(getattr(module, name)).lower().startswith(("select", "with", "delete", "update"))
]


def plan(engine: Engine, question: ClauseElement) -> list[str]:
    asked = str(question.compile(engine))
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"explain query plan {asked}", (None,) * asked.count("?"))
        return [row[3] for row in rows]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_of_text_groups_looks_at_every_row_of_a_table(engine: Engine, question: ClauseElement) -> None:
    scans = [step for step in plan(engine, question) if step.startswith("SCAN")]
    assert [step for step in scans if "json_each" not in step and step != "SCAN given"] == []


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_site_is_not_looked_through_for_what_a_share_makes_recur(engine: Engine) -> None:
    assert any("ix_site_paragraph_recurring" in step for step in plan(engine, paragraphs._BETWEEN))


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_question_without_an_index_would_be_found_out(engine: Engine) -> None:
    assert any(step.startswith("SCAN site") for step in plan(engine, select(SiteRow).where(among(SiteRow.title, "x"))))


def test_lists_of_numbers_and_words_are_found_however_long(sessions: Sessions, site: Site) -> None:
    names = [f"bao-{number}" for number in range(5)] + ['"nháy"', "hoà\\"]
    with sessions.begin() as session:
        session.execute(text("delete from site_name"))
        insert_rows(session, SiteName, ("site_id", "name"), [(site.id, name) for name in names])
    query = select(SiteName.name)
    with reading(sessions) as session:
        by_name = ask(session, query.where(among(SiteName.name, "names", words=True)), names=[*names[2:], "bao-x"])
        many = range(-60_000, site.id + 1)
        by_site = ask(session, query.where(among(SiteName.site_id, "sites")), sites=many)
        nobody = ask(session, query.where(among(SiteName.site_id, "sites")), sites=[site.id + 1, -(2**63), 2**63 - 1])
        others = ask(session, query.where(~among(SiteName.name, "names", words=True)), names=names[1:])
    assert sorted(row.name for row in by_name) == sorted(names[2:])
    assert sorted(row.name for row in by_site) == sorted(names)
    assert (nobody, [row.name for row in others]) == ([], names[:1])
