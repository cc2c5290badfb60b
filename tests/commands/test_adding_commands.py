"""`sites probe` and `sites add` as an operator uses them, on the sample web and on saved pages."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import typer
from rich.console import Console

from archive.database import ArchiveError
from commands import sites
from commands.common import FAILED
from commands.sites import print_fields, print_report
from crawler.catalogue import CatalogueEntry, HostYears
from crawler.learning.judging import FieldLearned
from crawler.learning.learn import Learned
from crawler.onboarding.adding import add
from crawler.onboarding.live import Order, probe_live
from crawler.onboarding.menu import Named
from crawler.onboarding.probe import SAMPLES
from crawler.onboarding.report import Report
from crawler.onboarding.saved import probe_saved
from tests.conftest import Program
from tests.crawler.onboarding.webs import CLOCK, HOME, small_site


def test_a_site_is_probed_over_the_network(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in program.environment.items():
        monkeypatch.setenv(name, value)
    asked: list[str] = []
    order = Order("https://honglinh.hatinh.gov.vn", settings={"DOWNLOAD_DELAY": "0"})
    report = probe_live(order, asked.append)
    assert (report.refused, report.family, report.scheme) == ("", "tandan", "https")
    assert len(report.by_layout) == SAMPLES
    # robots.txt is asked for once, by the crawl, and not by the probe.
    assert report.robots.closed and report.requests == report.answered == len(asked) + 1
    assert not list((program.data / "captures").rglob("*.warc.gz"))


@pytest.fixture(autouse=True)
def scratch_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No command of these tests makes a data folder where the tests run."""
    monkeypatch.setenv("BAOTINH_DATA", str(tmp_path / "scratch"))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    for url, words in small_site().items():
        file = folder / f"{url.removeprefix(HOME)}/index.html".lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(words, encoding="utf-8")
    return folder


def test_a_report_says_what_an_operator_decides_from(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sites.sites_probe(HOME, saved)
    told = capsys.readouterr().out
    for words in ("dataimages", "h1#title", "Kinh tế", "/xa-hoi/", "6 of 6", "Báo Hà Nam", "ha-nam (from the title)"):
        assert words in told


def test_a_probe_that_was_refused_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "index.html").write_text("<html><body><p>Sắp ra mắt</p></body></html>", encoding="utf-8")
    with pytest.raises(typer.Exit) as failed:
        sites.sites_probe(HOME, tmp_path)
    assert failed.value.exit_code == FAILED
    assert "it has no link" in capsys.readouterr().out
    with pytest.raises(ArchiveError, match="it has no link"):
        sites.sites_add(HOME, saved=tmp_path)


@pytest.mark.parametrize(
    ("command", "url", "family", "message"),
    [
        (sites.sites_probe, "ftp://bao.vn", "", "no address of a site"),
        (sites.sites_probe, "bao", "", "no address of a site"),
        (sites.sites_probe, HOME, "drupal", "there is no family 'drupal'"),
        (sites.sites_add, "https://baoquangninh.com.vn", "", "site bao_quang_ninh already"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_asked(
    command: Callable[..., None], url: str, family: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        command(url, family=family)


@pytest.mark.parametrize(
    ("setting", "message"),
    [("DOWNLOAD_DELAY", "NAME=VALUE"), ("DOWNLOAD_DELYA=0", "did you mean"), ("ROBOTSTXT_OBEY=False", "not for")],
)
def test_a_probe_takes_the_settings_that_a_crawl_takes(
    saved: Path, monkeypatch: pytest.MonkeyPatch, setting: str, message: str
) -> None:
    asked: list[Order] = []

    def probed(order: Order, tell: object) -> Report:
        asked.append(order)
        return probe_saved(saved, HOME, CLOCK)

    monkeypatch.setattr(sites, "probe_live", probed)
    with pytest.raises(ValueError, match=message):
        sites.sites_probe(HOME, setting=[setting])
    sites.sites_probe(HOME, setting=["DOWNLOAD_DELAY=0"])
    assert [one.settings for one in asked] == [{"DOWNLOAD_DELAY": "0"}]


def test_words_of_a_site_are_no_markup(saved: Path) -> None:
    report = probe_saved(saved, HOME, CLOCK)
    hostile = replace(report, title=Named("Báo [bold]Hà[/bold] [/x]", "the [red]title"), troubles=("[link=x]",))
    console = Console(width=200)
    with console.capture() as shown:
        print_report(hostile, console)
    assert "Báo [bold]Hà[/bold] [/x] (from the [red]title)" in shown.get()
    assert "[link=x]" in shown.get()


def test_a_site_is_added_and_the_operator_told_what_is_next(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sites, "add", partial(add, spiders=tmp_path / "spiders", sites=tmp_path / "sites"))
    sites.sites_add(HOME, saved=saved)
    told = capsys.readouterr().out
    for words in ("bao_ha_nam: Báo Hà Nam, family dataimages", "2 sections: Kinh tế, Xã hội", "6 golden pages"):
        assert words in told
    assert "baotinh sites review bao_ha_nam" in told and "baotinh sites check bao_ha_nam --live" in told
    assert (tmp_path / "spiders" / "ha_nam" / "bao_ha_nam.py").exists()


def test_a_site_of_the_catalogue_is_added_with_what_that_says(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = CatalogueEntry("bao_duy_tien", "Báo Duy Tiên", "nam-dinh", "", (HostYears("bao.vn"),), "", "newspaper", "")
    monkeypatch.setattr(sites, "entry", {"bao_duy_tien": listed}.__getitem__)
    monkeypatch.setattr(sites, "add", partial(add, spiders=tmp_path / "spiders", sites=tmp_path / "sites"))
    sites.sites_add(from_catalogue="bao_duy_tien", saved=saved)
    assert "bao_duy_tien: Báo Duy Tiên" in capsys.readouterr().out
    assert (tmp_path / "spiders" / "nam_dinh" / "bao_duy_tien.py").exists()


@pytest.mark.parametrize("given", [{}, {"url": HOME, "from_catalogue": "bao_ha_nam"}])
def test_a_site_is_named_by_its_url_or_by_the_catalogue(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="--from-catalogue"):
        sites.sites_add(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["https://bao.vn:8443", "https://ai:mat@bao.vn"])
def test_a_site_is_named_by_its_host_alone(url: str) -> None:
    with pytest.raises(ValueError, match="without user and port"):
        sites.sites_probe(url)


@pytest.mark.parametrize(
    ("found", "agreed", "told", "words"),
    [(17, 0, 0, "- (nothing else tells it)"), (17, 0, 4, "0 of 4"), (17, 15, 16, "15 of 16"), (0, 0, 0, "-")],
)
def test_a_field_that_nothing_else_tells_is_not_said_to_disagree(
    found: int, agreed: int, told: int, words: str
) -> None:
    console = Console(record=True, width=120)
    print_fields(Learned((), (FieldLearned("views", ".v", found, agreed, 17, (), told),), ()), console)
    [row] = [line for line in console.export_text().splitlines() if "views" in line]
    assert row.split("of 17", 1)[1].strip() == words
