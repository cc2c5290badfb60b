"""The sample web itself: it answers as a proxy, every article can be found, nothing outlives it."""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import pytest

from tests.goldens.reading import FAMILIES
from tests.sample_web.articles import Article
from tests.sample_web.harness import SampleWeb
from tests.sample_web.sites import HERE, SITES, Site

CONDITIONS = {"if_none_match", "if_modified_since"}
ALL = pytest.mark.parametrize("kind", SITES, ids=lambda kind: kind.id)


class Visitor:
    """A small client that only ever speaks to the proxy."""

    def __init__(self, web: SampleWeb) -> None:
        proxies = urllib.request.ProxyHandler({"http": web.proxy, "https": web.proxy})
        context = ssl.create_default_context(cafile=web.ca)
        self.opener = urllib.request.build_opener(proxies, urllib.request.HTTPSHandler(context=context))

    def get(self, address: str, form: dict[str, str] | None = None) -> bytes:
        data = urlencode(form).encode() if form else None
        with self.opener.open(address, data, timeout=20) as answer:
            body: bytes = answer.read()
            return body

    def status(self, address: str) -> int:
        try:
            with self.opener.open(address, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code


@pytest.fixture(scope="module")
def web() -> Iterator[SampleWeb]:
    with SampleWeb() as running:
        yield running


@pytest.fixture(scope="module")
def visitor(web: SampleWeb) -> Visitor:
    return Visitor(web)


def listed(kind: type[Site], visitor: Visitor) -> dict[str, set[str]]:
    """Section -> article addresses, by walking the listings as a reader would."""
    found: dict[str, set[str]] = {}
    for section in kind.sections:
        pages: list[tuple[str, dict[str, str] | None]] = []
        if kind.id == "bao_quang_ninh":
            pages = [(f"/{section}/?page={number}", None) for number in range(1, 5)]
        elif kind.id == "hong_linh":
            pages = [(f"/portal/Pages/{section}.aspx?PageIndex={number}", None) for number in range(1, 5)]
        elif kind.id == "bao_thai_nguyen":
            category = {"chinh-tri": 97, "kinh-te": 108, "xa-hoi": 85, "phap-luat": 101, "the-thao": 83}[section]
            pages = [(f"/chuyen-muc/{section}_{category}.html?Page={number}", None) for number in range(1, 5)]
        elif kind.id == "tuyen_giao_ha_nam":
            base = f"{kind.scheme}://{kind.host}/"
            script = visitor.get(urljoin(base, f"/{section}")).decode()
            names = ("article_category_id", "site_id", "page_size")
            form = {name: re.search(rf"{name}: (\d+)", script)[1] for name in names}  # type: ignore[index]
            last = int(re.search(r"maxPage = parseInt\((\d+)\)", script)[1])  # type: ignore[index]
            path = "/DesktopModule/UIArticleInMenu/ArticleInMenuPagination.aspx/LoadArticle"
            pages = [(path, {**form, "page": str(number)}) for number in range(1, last + 1)]
        else:
            pages = [(f"/category/{section}/", None)]
        links: set[str] = set()
        while pages:
            address, form_ = pages.pop(0)
            text = visitor.get(f"{kind.scheme}://{kind.host}{address}", form_).decode()
            text = re.split(r'<div id="right"|<aside|class="col_right"|class="tandan-right"', text)[0]
            if following := re.search(r'class="next page-numbers" href="https://[^/]+([^"]+)"', text):
                pages.append((following[1], None))
            links |= {urlsplit(urljoin(f"{kind.scheme}://{kind.host}/", link)).path for link in hrefs(text)}
        found[section] = links
    return found


def hrefs(text: str) -> list[str]:
    return re.findall(r'href="([^"]+)"', text)


@ALL
def test_every_article_file_is_whole(kind: type[Site]) -> None:
    files = sorted((HERE / kind.id / "articles").iterdir())
    assert len(files) >= 10
    articles = [Article.read(file) for file in files]
    for article in articles:
        assert article.raw, article.key
        article.version(edited=True)
    dates = sorted(article.published for article in articles)
    assert (dates[-1] - dates[0]).days > 14 * 30
    site = kind()
    sizes = [len(site.in_section(section)) for section in kind.sections]
    assert min(sizes) >= 1
    assert max(sizes) > kind.page_size
    assert len({site.path(article).lower() for article in articles}) == len(articles)


@ALL
def test_every_article_is_in_the_listings_of_its_sections(kind: type[Site], visitor: Visitor) -> None:
    site = kind()
    found = listed(kind, visitor)
    for article in site.articles:
        for section in site.sections_of(article):
            path = site.path(article).replace(f"/{article.section}/", f"/{section}/")
            path = path if kind.id == "tuyen_giao_ha_nam" else site.path(article)
            assert path in found[section], f"{kind.id}/{article.key} is not listed in {section}"


@ALL
def test_every_article_answers(kind: type[Site], visitor: Visitor) -> None:
    site = kind()
    for article in site.articles:
        body = visitor.get(site.url(article))
        assert len(body) > 2000, article.key
        if not article.meta.get("encoding"):
            text = body.decode()
            assert article.title in text.replace("&#34;", '"'), article.key
            assert article.pages[0].replace("<!--related-->", "")[-60:] in text, article.key


@ALL
def test_robots_static_pages_and_missing_pages(kind: type[Site], visitor: Visitor) -> None:
    base = f"{kind.scheme}://{kind.host}"
    robots = visitor.get(f"{base}/robots.txt").decode()
    assert all(f"Disallow: {rule}" in robots for rule in kind.disallowed)
    for path in ("/", *kind.static):
        assert visitor.status(base + path) == 200
    assert visitor.status(f"{base}/khong-co-bai-nay/") == (200 if kind.soft_404 else 404)


@ALL
def test_counters_move_between_two_fetches(kind: type[Site], visitor: Visitor) -> None:
    site = kind()
    address = site.url(next(a for a in site.articles if not a.meta.get("encoding")))
    assert visitor.get(address) != visitor.get(address)


def test_the_view_count_rises_by_one_a_fetch(visitor: Visitor) -> None:
    address = "https://tuyengiao.hanam.gov.vn/tin-hoat-dong/x-310415"
    first, second = (int(re.search(rb"xem: (\d+)", visitor.get(address))[1]) for _ in "ab")  # type: ignore[index]
    assert second == first + 1


def test_plain_http_through_the_proxy(web: SampleWeb) -> None:
    port = urlsplit(web.proxy).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for _ in range(2):  # one connection, kept alive
        connection.request("GET", "http://baoquangninh.com.vn/chinh-tri/?page=2")
        answer = connection.getresponse()
        assert answer.status == 200
        assert "Chính trị" in answer.read().decode()
    connection.close()


def test_connect_is_verified_with_the_ca_and_with_no_other(web: SampleWeb) -> None:
    port = urlsplit(web.proxy).port
    context = ssl.create_default_context(cafile=web.ca)
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context)
    connection.set_tunnel("tuyengiaobinhphuoc.vn", 443)
    connection.request("GET", "/feed/")
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.read().startswith(b"<?xml")
    connection.close()
    stranger = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=ssl.create_default_context())
    stranger.set_tunnel("tuyengiaobinhphuoc.vn", 443)
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger.request("GET", "/feed/")
    stranger.close()


def test_unknown_hosts_get_502_and_are_logged(web: SampleWeb, visitor: Visitor) -> None:
    assert visitor.status("http://khong-biet.example/trang") == 502
    with pytest.raises(OSError, match="502"):
        visitor.get("https://khong-biet.example/trang")
    lines = [line for line in web.log() if line["host"] == "khong-biet.example"]
    assert [(line["method"], line["status"]) for line in lines] == [("GET", 502), ("CONNECT", 502)]
    assert set(lines[0]) == {"time", "host", "scheme", "method", "path", "status", "user_agent", *CONDITIONS}


def test_the_other_scheme_and_www_redirect(web: SampleWeb, visitor: Visitor) -> None:
    assert visitor.status("http://www.baothainguyen.vn/sitemap.xml") == 200
    paths = [(line["scheme"], line["host"], line["status"]) for line in web.log()[-2:]]
    assert paths == [("http", "www.baothainguyen.vn", 301), ("https", "baothainguyen.vn", 200)]


def test_faults_come_and_go(web: SampleWeb, visitor: Visitor) -> None:
    host = "baoquangninh.com.vn"
    article = f"http://{host}/chinh-tri/202109/nghe-dan-noi-truoc-tra-loi-dan-ngay-sau-do-2520455/"
    web.control(host, status=503)
    assert visitor.status(article) == 503
    assert visitor.status(f"http://{host}/robots.txt") == 200
    web.control(host, status=0, drop=1)
    with pytest.raises((urllib.error.URLError, ConnectionError, http.client.HTTPException)):
        visitor.get(article)
    web.control(host, drop=0, edit="2520455")
    assert "tiếp 381 lượt người" in visitor.get(article).decode()
    web.control(host, gone=urlsplit(article).path)
    assert visitor.status(article) == 404
    web.control(host, clear=1)
    assert "tiếp 318 lượt người" in visitor.get(article).decode()


def test_the_json_api_pages_filters_and_closes(web: SampleWeb, visitor: Visitor) -> None:
    host = "tuyengiaobinhphuoc.vn"
    posts = f"https://{host}/wp-json/wp/v2/posts"
    asked = f"{posts}?per_page=3&after=2022-03-01T00:00:00&before=2022-12-01T00:00:00&_fields=link,date"
    rows = json.loads(visitor.get(asked))
    assert [row["date"][:7] for row in rows] == ["2022-11", "2022-09", "2022-07"]
    assert visitor.status(f"{posts}?per_page=3&page=99") == 400
    changed = json.loads(visitor.get(f"{posts}?modified_after=2022-07-12T00:00:00&before=2022-08-01T00:00:00"))
    assert [row["slug"] for row in changed] == ["huong-dan-cai-dat-so-tay-dang-vien-dien-tu"]
    web.control(host, api=0, sitemap=0)
    assert visitor.status(posts) == 401
    assert visitor.status(f"https://{host}/wp-sitemap.xml") == 404
    web.control(host, clear=1)
    assert visitor.status(posts) == 200


def test_feeds_and_sitemaps_answer_304_to_their_etag(visitor: Visitor) -> None:
    address = "https://baothainguyen.vn/sitemap.xml"
    with visitor.opener.open(address) as answer:
        tag = answer.headers["ETag"]
    with pytest.raises(urllib.error.HTTPError) as caught:
        visitor.opener.open(urllib.request.Request(address, headers={"If-None-Match": tag}))
    assert caught.value.code == 304
    caught.value.close()


def test_the_child_is_gone_after_the_context_manager(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), SampleWeb(tmp_path) as running:
        pid = running.pid
        assert set(running.environment()) == {"http_proxy", "https_proxy", "SSL_CERT_FILE"}
        raise ZeroDivisionError
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_siblings_are_there() -> None:
    names = {file.stem for file in (HERE / "siblings").glob("*.html")}
    assert names == set(FAMILIES)
