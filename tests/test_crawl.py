"""The whole road on real HTTP: crawl, interrupt, crawl again, export, compare."""

import gzip
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from warcio.archiveiterator import ArchiveIterator

from tests.conftest import BAOTINH, Program, number_of_articles
from tests.sample_web.harness import SampleWeb

SITES = ("bao_quang_ninh", "bao_thai_nguyen", "hong_linh", "tuyen_giao_binh_phuoc", "tuyen_giao_ha_nam")
ARTICLE = re.compile(
    r"-\d{7}/$|-\d+\.aspx$|-\d+-\d+\.html$|-\d{6}$|^/(?!wp-|category|feed|robots|lien-he|gioi-thieu|dang-nhap)[a-z0-9-]{12,}/(?:\d/)?$"
)


def article_fetches(log: list[dict[str, Any]]) -> list[str]:
    return [row["path"] for row in log if row["status"] == 200 and ARTICLE.search(row["path"].partition("?")[0])]


def without_counters(articles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in article.items() if name != "views"} for article in articles]


def test_a_crawl_keeps_every_article_of_every_site_and_nothing_else(program: Program) -> None:
    program.crawl()
    kept = Counter(article["site"] for article in program.articles())
    assert kept == {site: number_of_articles(site) for site in SITES}


def test_a_second_crawl_right_after_fetches_no_article(program: Program, web: SampleWeb) -> None:
    program.crawl()
    before = program.articles()
    seen = len(web.log())
    done = program.crawl()
    assert article_fetches(web.log()[seen:]) == []
    assert "nothing new" in done.stdout
    assert program.articles() == before


def test_no_article_is_fetched_twice_in_a_crawl(program: Program, web: SampleWeb) -> None:
    seen = len(web.log())
    program.crawl()
    twice = [path for path, times in Counter(article_fetches(web.log()[seen:])).items() if times > 1]
    assert twice == []


def test_print_mail_login_search_and_calendar_links_are_never_followed(program: Program, web: SampleWeb) -> None:
    seen = len(web.log())
    program.crawl()
    asked = [row["path"] for row in web.log()[seen:]]
    assert asked
    unwanted = re.compile(
        r"/(?:print|mail|sendmail|dang-nhap|wp-login|tim-kiem|search|lich|in-trang|gui-y-kien|in-bai)\b|.*[?&]s=|"
        r"/portal/(?:_layouts|Pages/(?:In|Tim-kiem)\.aspx)"
    )
    assert [path for path in asked if unwanted.match(path)] == []


def test_every_host_is_asked_for_its_robots_txt_before_anything_else(program: Program, web: SampleWeb) -> None:
    seen = len(web.log())
    program.crawl()
    first: dict[str, str] = {}
    for row in web.log()[seen:]:
        first.setdefault(row["host"], row["path"])
    assert len(first) >= 5
    assert set(first.values()) == {"/robots.txt"}


def test_a_crawl_uses_nothing_that_scrapy_is_about_to_drop(program: Program) -> None:
    program.crawl("hong_linh")
    [log] = program.data.glob("logs/hong_linh/*.log")
    lines = log.read_text(encoding="utf-8").splitlines()
    assert any("Spider closed" in line for line in lines)
    assert [line for line in lines if "DeprecationWarning" in line] == []


def test_only_the_proxy_is_ever_connected_to_or_looked_up(program: Program, tmp_path: Path, web: SampleWeb) -> None:
    trace = tmp_path / "connections.txt"
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    program.crawl(PYTHONPATH=str(tmp_path / "guard"), CONNECTION_TRACE=str(trace))
    targets = set(trace.read_text(encoding="utf-8").split())
    port = urlsplit(web.proxy).port
    assert targets, "the guard saw nothing, so it proves nothing"
    assert targets <= {f"connect:127.0.0.1:{port}", f"lookup:127.0.0.1:{port}", "lookup:127.0.0.1:name"}
    assert len(program.articles()) == number_of_articles()


GUARD = '''
"""Notes every connection and every name look-up of the process, in a file."""
import os, socket

def note(kind, address):
    if isinstance(address, tuple):
        with open(os.environ["CONNECTION_TRACE"], "a") as trace:
            trace.write(f"{kind}:{address[0]}:{address[1]}\\n")

class Socket(socket.socket):
    def connect(self, address):
        note("connect", address)
        return super().connect(address)

    def connect_ex(self, address):
        note("connect", address)
        return super().connect_ex(address)

real = socket.getaddrinfo

def look_up(host, port, *rest, **more):
    note("lookup", (host, port))
    return real(host, port, *rest, **more)

socket.socket, socket.getaddrinfo = Socket, look_up
for name in ("gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
    def look_up_by_name(host, real=getattr(socket, name)):
        note("lookup", (host, "name"))
        return real(host)
    setattr(socket, name, look_up_by_name)
'''


def test_a_range_takes_the_articles_of_its_days_and_stops_paging_when_it_is_passed(
    program: Program, web: SampleWeb
) -> None:
    seen = len(web.log())
    program.run("crawl", "bao_quang_ninh", "--start", "2022-01-01", "--end", "2022-03-31", "-s", "DOWNLOAD_DELAY=0")
    days = [article["published"][:10] for article in program.articles()]
    assert days and all("2022-01-01" <= day <= "2022-03-31" for day in days)
    pages = [row["path"] for row in web.log()[seen:] if row["path"].startswith("/chinh-tri/?page=")]
    assert "/chinh-tri/?page=3" not in pages, "the listing was walked on after the range was passed"
    program.crawl("bao_quang_ninh")
    assert len(program.articles()) == number_of_articles("bao_quang_ninh"), (
        "a range that was crawled first hid what lies beside it"
    )


def test_scrapy_users_find_the_spiders_where_they_expect_them(program: Program) -> None:
    scrapy = [BAOTINH[0], "-m", "scrapy"]
    root = Path(__file__).parents[1]
    listed = subprocess.run(
        [*scrapy, "list"], cwd=root, env=program.environment, capture_output=True, text=True, check=True
    )
    assert tuple(listed.stdout.split()) == SITES
    subprocess.run(
        [
            *scrapy,
            "crawl",
            "hong_linh",
            "-a",
            "start=2021-01-01",
            "-a",
            "end=2021-12-31",
            "-s",
            "DOWNLOAD_DELAY=0",
        ],
        cwd=root,
        env=program.environment,
        capture_output=True,
        check=True,
    )
    assert {article["published"][:4] for article in program.articles()} == {"2021"}


def test_articles_come_newest_first(program: Program, web: SampleWeb) -> None:
    seen = len(web.log())
    program.run("crawl", "bao_quang_ninh", "--limit", "5", "-s", "DOWNLOAD_DELAY=0", "-s", "CONCURRENT_REQUESTS=1")
    newest = sorted((article["published"] for article in program.articles()), reverse=True)
    months = [re.search(r"/(\d{6})/", path)[1] for path in article_fetches(web.log()[seen:])]  # type: ignore[index]
    assert len(months) == 5 and len(newest) == 5
    program.crawl("bao_quang_ninh")
    assert newest == sorted((article["published"] for article in program.articles()), reverse=True)[:5]


@pytest.mark.parametrize(
    ("switches", "way"),
    [
        ({"api": 0}, "/wp-sitemap"),
        ({"api": 0, "sitemap": 0}, "/feed/"),
        ({"api": 0, "sitemap": 0, "feed": 0}, "/category/"),
    ],
)
def test_wordpress_falls_back_to_the_next_way_of_discovery(
    program: Program, web: SampleWeb, switches: dict[str, int], way: str
) -> None:
    web.control("tuyengiaobinhphuoc.vn", **switches)
    seen = len(web.log())
    program.crawl("tuyen_giao_binh_phuoc")
    assert any(row["path"].startswith(way) and row["status"] == 200 for row in web.log()[seen:])
    # A feed holds the latest five; the other ways know all.
    assert len(program.articles()) == (5 if way == "/feed/" else number_of_articles("tuyen_giao_binh_phuoc"))


def test_an_article_over_two_pages_is_one_text(program: Program) -> None:
    program.crawl("tuyen_giao_binh_phuoc")
    [article] = [one for one in program.articles() if "sóc Đắk La" in one["title"]]
    assert "Câu hát trên rẫy" in article["text"] and article["text"].startswith("Đầu năm, cả sóc Đắk La")


def test_every_capture_is_a_record_that_standard_tools_read(program: Program) -> None:
    program.crawl("bao_thai_nguyen")
    [file] = (program.data / "captures").glob("bao_thai_nguyen/*.warc.gz")
    with file.open("rb") as stream:
        records = [
            (record.rec_type, record.rec_headers.get_header("WARC-Target-URI")) for record in ArchiveIterator(stream)
        ]
    assert records[0][0] == "warcinfo"
    pages = [url for _, url in records[1:] if url.endswith(".html") and "/tin-tuc/" in url]
    assert len(pages) == number_of_articles("bao_thai_nguyen")
    gzip.decompress(file.read_bytes())


def test_a_correction_makes_a_revision_and_keeps_both_texts(program: Program, web: SampleWeb) -> None:
    program.crawl("bao_thai_nguyen")
    [before] = [one for one in program.articles() if one["article"].endswith("286012")]
    web.control("baothainguyen.vn", edit="286012")
    program.run("fetch", before["url"], "--force")
    [after] = [one for one in program.articles() if one["article"].endswith("286012")]
    assert after["text_id"] != before["text_id"]
    assert "revision 1" in program.run("show", before["article"]).stdout


def test_a_counter_that_rises_makes_no_revision(program: Program) -> None:
    program.crawl("tuyen_giao_ha_nam")
    url = program.articles()[3]["url"]
    before = {one["url"]: one["views"] for one in program.articles()}[url]
    program.run("fetch", url, "--force")
    assert {one["url"]: one["views"] for one in program.articles()}[url] > before
    assert "revision" not in program.run("show", url).stdout


def test_a_correction_named_by_the_api_is_fetched_by_the_next_crawl(program: Program, web: SampleWeb) -> None:
    program.crawl("tuyen_giao_binh_phuoc", BAOTINH_NOW="2022-07-12T00:30:00+07:00")
    web.control("tuyengiaobinhphuoc.vn", edit="huong-dan-cai-dat-so-tay-dang-vien-dien-tu")
    seen = len(web.log())
    program.crawl("tuyen_giao_binh_phuoc")
    fetched = article_fetches(web.log()[seen:])
    assert any("huong-dan-cai-dat" in path for path in fetched)
