"""The whole road on real HTTP: crawl, interrupt, crawl again, export, compare."""

import base64
import gzip
import os
import re
import sqlite3
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from warcio.archiveiterator import ArchiveIterator

from archive.warc import walk
from tests.conftest import BAOTINH, Program, WholeCrawl, number_of_articles
from tests.sample_web.harness import SampleWeb

SITES = ("bao_quang_ninh", "bao_thai_nguyen", "hong_linh", "tuyen_giao_binh_phuoc", "tuyen_giao_ha_nam")
ARTICLE = re.compile(
    r"-\d{7}/$|-\d+\.aspx$|-\d+-\d+\.html$|-\d{6}$|^/(?!wp-|category|feed|robots|lien-he|gioi-thieu|dang-nhap)[a-z0-9-]{12,}/(?:\d/)?$"
)


def article_fetches(log: list[dict[str, Any]]) -> list[str]:
    return [row["path"] for row in log if row["status"] == 200 and ARTICLE.search(row["path"].partition("?")[0])]


def without_counters(articles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in article.items() if name != "views"} for article in articles]


def test_a_crawl_keeps_every_article_of_every_site_and_nothing_else(crawled: Program) -> None:
    kept = Counter(article["site"] for article in crawled.articles())
    assert kept == {site: number_of_articles(site) for site in SITES}


def test_a_second_crawl_right_after_fetches_no_article(crawled: Program, web: SampleWeb) -> None:
    before = crawled.articles()
    seen = len(web.log())
    done = crawled.crawl()
    assert article_fetches(web.log()[seen:]) == []
    assert "nothing new" in done.stdout
    assert crawled.articles() == before
    kinds = Counter(record.kind for file in (crawled.data / "captures").rglob("*.warc.gz") for record in walk(file))
    assert kinds["revisit"] > 0, "of the listings some were as before"
    assert kinds["request"] == kinds["response"] + kinds["revisit"]
    verified = crawled.run("captures", "verify").stdout
    assert verified.startswith(
        f"{kinds['request']} captures and {kinds.total()} records in 5 files verified: 0 damaged"
    )


def test_no_article_is_fetched_twice_in_a_crawl(whole_crawl: WholeCrawl) -> None:
    fetched = article_fetches(whole_crawl.log)
    assert len(fetched) >= number_of_articles()
    assert [path for path, times in Counter(fetched).items() if times > 1] == []


def test_print_mail_login_search_and_calendar_links_are_never_followed(whole_crawl: WholeCrawl) -> None:
    asked = [row["path"] for row in whole_crawl.log]
    assert asked
    unwanted = re.compile(
        r"/(?:print|mail|sendmail|dang-nhap|wp-login|tim-kiem|search|lich|in-trang|gui-y-kien|in-bai)\b|.*[?&]s=|"
        r"/portal/(?:_layouts|Pages/(?:In|Tim-kiem)\.aspx)"
    )
    assert [path for path in asked if unwanted.match(path)] == []


def test_every_host_is_asked_for_its_robots_txt_before_anything_else(whole_crawl: WholeCrawl) -> None:
    first: dict[str, str] = {}
    for row in whole_crawl.log:
        first.setdefault(row["host"], row["path"])
    assert len(first) >= 5
    assert set(first.values()) == {"/robots.txt"}


def test_a_crawl_uses_nothing_that_scrapy_is_about_to_drop(whole_crawl: WholeCrawl) -> None:
    logs = list(whole_crawl.data.glob("logs/*/*.log"))
    assert len(logs) == len(SITES)
    for log in logs:
        lines = log.read_text(encoding="utf-8").splitlines()
        assert any("Spider closed" in line for line in lines)
        assert [line for line in lines if "DeprecationWarning" in line] == []


def test_only_the_proxy_is_ever_connected_to_or_looked_up(whole_crawl: WholeCrawl, web: SampleWeb) -> None:
    port = urlsplit(web.proxy).port
    assert f"connect:127.0.0.1:{port}" in whole_crawl.contacts, "the guard saw nothing, so it proves nothing"
    assert whole_crawl.contacts <= {f"connect:127.0.0.1:{port}", f"lookup:127.0.0.1:{port}", "lookup:127.0.0.1:name"}


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


def test_an_article_over_two_pages_is_one_text(crawled: Program) -> None:
    [article] = [one for one in crawled.articles() if "sóc Đắk La" in one["title"]]
    assert "Câu hát trên rẫy" in article["text"] and article["text"].startswith("Đầu năm, cả sóc Đắk La")


def test_every_capture_is_a_record_that_standard_tools_read_and_none_says_who_asked(
    program: Program, web: SampleWeb
) -> None:
    proxy = web.proxy.replace("//", "//nguoidung9:matkhau7@")
    program.crawl("bao_thai_nguyen", http_proxy=proxy, https_proxy=proxy)
    [file] = (program.data / "captures").glob("bao_thai_nguyen/*.warc.gz")
    with file.open("rb") as stream:
        records = [(record.rec_type, record.rec_headers) for record in ArchiveIterator(stream)]
    assert records[0][0] == "warcinfo"
    for kind in ("response", "request"):
        urls = [fields.get_header("WARC-Target-URI") for one, fields in records if one == kind]
        pages = [url for url in urls if url.endswith(".html") and "/tin-tuc/" in url]
        assert len(pages) == number_of_articles("bao_thai_nguyen")
    assert {fields.get_header("WARC-IP-Address") for _, fields in records} == {None}, "it would be the proxy's"
    for command in (["gzip", "-t"], [BAOTINH[0], "-m", "warcio.cli", "check"]):
        done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    secrets = (b"nguoidung9", b"matkhau7", base64.b64encode(b"nguoidung9:matkhau7"), b"Proxy-A")
    for one in (path for path in program.data.rglob("*") if path.is_file()):
        data = gzip.decompress(one.read_bytes()) if one.suffix == ".gz" else one.read_bytes()
        said = data.split(b"description: ")[0] + data.partition(b"Proxy-*, Authorization, Cookie).")[2]
        assert [secret for secret in secrets if secret in said] == [], one


def test_a_crawl_leaves_room_on_the_disk(program: Program, web: SampleWeb) -> None:
    seen = len(web.log())
    done = program.crawl("hong_linh", code=1, BAOTINH_KEEP_FREE="900T")
    assert re.search(
        r"data: \d+ MiB are free on its disk, and BAOTINH_KEEP_FREE leaves 943718400 MiB free", done.stderr
    )
    assert "mend that, then crawl again" in done.stderr
    assert [file.name for file in program.data.glob("captures/hong_linh/*")] == ["writer.lock"]
    assert article_fetches(web.log()[seen:]) == []


def test_corrections_removals_and_moves_are_kept_as_such(crawled: Program, web: SampleWeb) -> None:
    program = crawled
    before = {one["article"].partition("-")[2]: one for one in program.articles("--site", "bao_thai_nguyen")}
    web.control("baothainguyen.vn", edit="286012")
    removed, to_front, new_slug, new_key, to_listing = (
        urlsplit(before[key]["url"]).path for key in ("279901", "283566", "288745", "291200", "293733")
    )
    slug_now, key_now = new_slug.replace("-288745", "-moi-288745"), new_key.replace("-291200", "-391200")
    web.control("baothainguyen.vn", gone=removed)
    moves = {to_front: "/", new_slug: slug_now, new_key: key_now, to_listing: "/chuyen-muc/kinh-te_108.html"}
    for old, new in moves.items():
        web.control("baothainguyen.vn", moved=f"{old}>{new}")
    with sqlite3.connect(program.data / "baotinh.sqlite3") as database:
        database.execute("update url set due_at = '2023-01-01 00:00:00' where kind = 'article'")
    program.crawl("bao_thai_nguyen", BAOTINH_NOW="2023-04-02T00:30:00+07:00")
    after = {one["article"].partition("-")[2]: one for one in program.articles("--site", "bao_thai_nguyen")}
    assert after.keys() == before.keys(), "nothing is lost, and an article that moved is no second one"
    changed = [key for key in before if after[key]["text_id"] != before[key]["text_id"]]
    assert changed == ["286012"]
    said = program.run("show", before["286012"]["article"], "--history").stdout
    assert "revision 1, seen 2023-04-02 00:30: " in said
    assert "[-" in said and "-]{+" in said, "words that were replaced are marked"
    assert [after[key]["url"] for key in ("288745", "291200")] == [
        f"https://baothainguyen.vn{path}" for path in (slug_now, key_now)
    ]
    with sqlite3.connect(program.data / "baotinh.sqlite3") as database:
        gone = dict(database.execute("select key, gone_at from article where gone_at is not null").fetchall())
    assert gone.keys() == {"279901", "283566"}, "a soft 404 and the front page are told from a listing"
    assert set(gone.values()) == {"2023-04-01 17:30:00.000000"}


def test_a_counter_that_rises_makes_no_revision(crawled: Program) -> None:
    before = crawled.articles("--site", "tuyen_giao_ha_nam")[3]
    crawled.run("fetch", before["url"], "--force")
    after = {one["url"]: one for one in crawled.articles("--site", "tuyen_giao_ha_nam")}[before["url"]]
    assert after["views"] > before["views"]
    assert "revision" not in crawled.run("show", before["url"]).stdout


def test_a_correction_named_by_the_api_is_fetched_by_the_next_crawl(program: Program, web: SampleWeb) -> None:
    program.crawl("tuyen_giao_binh_phuoc", BAOTINH_NOW="2022-07-12T00:30:00+07:00")
    web.control("tuyengiaobinhphuoc.vn", edit="huong-dan-cai-dat-so-tay-dang-vien-dien-tu")
    seen = len(web.log())
    program.crawl("tuyen_giao_binh_phuoc")
    fetched = article_fetches(web.log()[seen:])
    assert any("huong-dan-cai-dat" in path for path in fetched)


def test_a_site_that_moved_to_another_host_keeps_its_articles_and_their_history(
    crawled: Program, web: SampleWeb, tmp_path: Path
) -> None:
    """As docs/adding-a-site.md tells it: the new host is declared first and the old one stays."""
    old, new = "baoquangninh.com.vn", "baoquangninh.vn"
    web.control(old, at=new)
    web.control(old, edit="2520455")
    with sqlite3.connect(crawled.data / "baotinh.sqlite3") as database:
        keys = "select a.id, key from article a join site s on s.id = site_id where name = 'bao_quang_ninh' order by 1"
        before = database.execute(keys).fetchall()
        again = "update url set due_at = '2023-01-01 00:00:00' where article_key in ('2520455', '2511101')"
        assert database.execute(again).rowcount == 2
    (tmp_path / "sitecustomize.py").write_text(
        "from crawler.spiders.quang_ninh.bao_quang_ninh import BaoQuangNinh\n"
        "BaoQuangNinh.hosts = ('baoquangninh.vn', *BaoQuangNinh.hosts)\n",
        encoding="utf-8",
    )
    paths = os.pathsep.join((str(tmp_path), str(Path(__file__).parents[1])))
    seen = len(web.log())
    crawled.crawl("bao_quang_ninh", PYTHONPATH=paths, BAOTINH_NOW="2023-04-02T00:30:00+07:00")
    asked = web.log()[seen:]
    assert sorted(urlsplit(path).path[-8:-1] for path in article_fetches(asked)) == ["2511101", "2520455"]
    assert {row["host"] for row in asked if row["status"] == 200} == {new}, "listings too are asked for there"
    with sqlite3.connect(crawled.data / "baotinh.sqlite3") as database:
        assert database.execute(keys).fetchall() == before, "no article is lost, and none is a second one"
        revised = "select key, changed from revision join article on article.id = article_id"
        assert database.execute(revised).fetchall() == [("2520455", '["title", "text"]')]
        for article, key in before:
            urls = database.execute("select url from article_url where article_id = ?", (article,)).fetchall()
            assert {(urlsplit(url).hostname or "").removeprefix("www.") for (url,) in urls} == {old, new}, key
        hosts = "select host, valid_from, valid_until from site_host where host in (?, ?) order by id"
        assert database.execute(hosts, (old, new)).fetchall() == [(old, None, None), (new, "2023-04-02", None)]
