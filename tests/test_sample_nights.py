"""The sample web by night: what is published, edited, moved, removed, and what is answered to conditional requests."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from email.message import Message

import pytest

from crawler.extraction.layout import names_in
from crawler.extraction.page import Page
from crawler.extraction.read import fitting_layout
from crawler.extraction.select import Named
from crawler.sites import all_sites
from tests.sample_web import nights
from tests.sample_web.articles import Article
from tests.sample_web.harness import SampleWeb
from tests.sample_web.nights import Kind, Signal
from tests.sample_web.sites import SITES, Request, Response, Site

EVERY = range(nights.LAST + 1)
ALL = pytest.mark.parametrize("kind", SITES, ids=lambda kind: kind.id)


def ask(site: Site, path: str, **headers: str) -> Response:
    """What the site answers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return site.answer(Request("GET", site.scheme, site.host, path, {}, named, b""))


def at(kind: type[Site], night: int, **switches: str) -> Site:
    site = kind()
    site.change({"night": str(night), **switches})
    return site


def shown(site: Site, article: Article) -> str:
    return ask(site, site.path(article)).body.decode("utf-8", "replace")


def new_on(site: Site, night: int) -> tuple[Article, ...]:
    return nights.published(site.id, tuple(site.sections), night)


@ALL
def test_two_or_three_articles_appear_on_each_night_dated_on_the_day_before(kind: type[Site]) -> None:
    for night in EVERY[1:]:
        before, site = at(kind, night - 1), at(kind, night)
        new = new_on(site, night)
        assert len(new) in (2, 3)
        assert {one.published.date() for one in new} == {(nights.instant(night) - timedelta(days=1)).date()}
        for article in new:
            assert article.key not in before.by_key
            assert article.title not in shown(before, article)
            if not nights.has_bot_check(site.id, night):
                assert article.title in shown(site, article)
                assert article in site.in_section(article.section)[: site.page_size], "it is listed first"


@ALL
def test_no_two_articles_of_the_nights_have_a_title_or_a_paragraph_in_common(kind: type[Site]) -> None:
    articles = [article for night in EVERY for article in new_on(kind(), night)]
    assert max(Counter(article.title for article in articles).values()) == 1
    assert max(Counter(line for article in articles for line in article.raw.split("\n")[:-1]).values()) == 1


@ALL
def test_night_0_is_the_web_as_it_was(kind: type[Site]) -> None:
    plain, back = kind(), at(kind, 3)
    back.change({"clear": "1"})
    assert back.by_key == plain.by_key == {article.key: article for article in plain.files}
    assert back.moved == {}
    for article in plain.files:
        assert plain.by_key[article.key] is article


@ALL
def test_what_is_declared_happens_on_its_night_and_not_before(kind: type[Site]) -> None:
    for change in nights.changes(kind()):
        before, site = at(kind, change.night - 1), at(kind, change.night)
        was = before.by_key[change.key]
        old = ask(site, site.path(was))
        if change.kind is Kind.REMOVAL:
            assert was.title in shown(before, was)
            assert (old.status, was.title.encode() in old.body) == (200 if site.soft_404 else 404, False)
            continue
        now = site.by_key[change.key]
        assert now.modified == change.at > was.modified
        if change.kind is Kind.MOVE:
            assert (old.status, old.headers["Location"]) == (301, site.url(now))
            assert now.title in shown(site, now)
        else:
            assert site.path(now) == site.path(was)
            assert change.title not in shown(before, was)
            assert change.title in shown(site, now)
            assert now.raw.count(change.replaced[1]) == 1 and change.replaced[0] not in now.raw


def test_each_kind_strikes_young_and_old_ones_and_some_show_by_no_signal() -> None:
    told: dict[frozenset[Signal], int] = Counter()
    ages = Counter[tuple[Kind, bool]]()
    for kind in SITES:
        site = kind()
        for change in nights.changes(site):
            told[nights.signals(site, change)] += 1
            ages[change.kind, any(change.key == one.key for one in site.files)] += 1
    assert len(ages) == 2 * len(Kind)
    assert {one for some in told for one in some} == set(Signal)
    assert told[frozenset()] >= 3


def test_a_change_shows_by_a_title_only_where_the_first_page_lists_it() -> None:
    site = next(kind for kind in SITES if kind.id == "bao_quang_ninh")()
    by_key = {(one.night, one.key): nights.signals(site, one) for one in nights.changes(site)}
    assert by_key[2, "2524900"] == {Signal.TITLE}
    assert by_key[4, "2511101"] == frozenset(), "it stands on the second page"
    assert by_key[2, "2540010"] == {Signal.TITLE, Signal.YOUNG}
    assert by_key[3, "2540011"] == {Signal.TITLE}, "a look is due on the second night and on the fourth"


def test_the_redesign_fits_no_layout_of_the_spider() -> None:
    spider = all_sites()[nights.REDESIGN[0]]
    kind = next(kind for kind in SITES if kind.id == spider.name)
    before, site = at(kind, nights.REDESIGN[1] - 1), at(kind, nights.REDESIGN[1])
    for one, fits in ((before, True), (site, False)):
        for article in one.articles:
            if not article.meta.get("encoding"):
                page = Page(one.url(article), ask(one, one.path(article)).body)
                named = Named(page.tree, names_in(spider.layouts))
                fit = fitting_layout(named, spider.layouts, nights.instant(nights.LAST))
                assert (fit is not None) is fits, article.key


def test_the_bot_check_answers_everything_on_its_night_alone() -> None:
    kind = next(kind for kind in SITES if kind.id == nights.BOT_CHECK[0])
    for night in EVERY:
        answers = [ask(at(kind, night), path) for path in ("/robots.txt", "/", "/chinh-tri/", "/khong-co/")]
        assert all(b"location.reload()" in one.body for one in answers) is (night == nights.BOT_CHECK[1])


@ALL
def test_a_faulty_web_fails_one_new_article_a_night_once(kind: type[Site]) -> None:
    if kind.id == nights.BOT_CHECK[0]:
        return
    for night in EVERY[1:]:
        site = at(kind, night, faulty="1")
        first, second = ([ask(site, site.path(one)).status for one in new_on(site, night)] for _ in "ab")
        fault = {"reset-once": 0, "503-once": 503, "500-once": 500}[nights.FAULTS[night % 3]]
        assert first == [200, fault, 200][: len(first)]
        assert second == [200] * len(first)
        assert {ask(site, site.path(one)).status for one in site.files if one.key in site.by_key} <= {200, 301}


def validators_of(site: Site, path: str) -> dict[str, str]:
    headers = ask(site, path).headers
    return {name: headers[name] for name in ("ETag", "Last-Modified") if name in headers}


def paths_of(site: Site) -> dict[str, str]:
    """A path of each sort that the site has."""
    listing = {
        "bao_quang_ninh": "/kinh-te/",
        "hong_linh": "/portal/Pages/Thong-bao.aspx",
        "bao_thai_nguyen": "/chuyen-muc/xa-hoi_85.html",
        "tuyen_giao_ha_nam": "/kinh-te",
        "tuyen_giao_binh_phuoc": "/category/khoa-giao/",
    }[site.id]
    feed = {
        "bao_quang_ninh": "/rss/kinh-te.rss",
        "bao_thai_nguyen": "/sitemap.xml",
        "tuyen_giao_binh_phuoc": "/wp-json/wp/v2/posts",
    }.get(site.id)
    plain = next(article for article in site.articles if not article.meta.get("encoding"))
    pages = {"home": "/", "listing": listing, "article": site.path(plain)}
    return pages | ({"feed": feed} if feed else {})


@ALL
@pytest.mark.parametrize(("switch", "with_them"), [("none", 0), ("feeds", 1), ("all", 4)])
def test_the_switch_says_what_has_validators(kind: type[Site], switch: str, with_them: int) -> None:
    site = at(kind, 1, validators=switch)
    paths = paths_of(site)
    has = [sort for sort, path in paths.items() if validators_of(site, path)]
    assert has == {0: [], 1: [one for one in paths if one == "feed"], 4: list(paths)}[with_them]
    for sort in has:
        tags = validators_of(site, paths[sort])
        answer = ask(site, paths[sort], if_none_match=tags["ETag"])
        assert (answer.status, answer.body, answer.headers) == (304, b"", tags), sort
    assert ask(site, "/robots.txt").headers == {"Content-Type": "text/plain"}


def test_by_themselves_one_site_has_validators_everywhere_one_nowhere_the_others_on_feeds() -> None:
    assert Counter(kind.validators for kind in SITES) == {"all": 1, "none": 1, "feeds": 3}


@ALL
def test_what_changes_overnight_changes_the_validators_and_nothing_else_does(kind: type[Site]) -> None:
    for change in nights.changes(kind()):
        if change.kind is not Kind.EDIT:
            continue
        before, site = (at(kind, night, validators="all") for night in (change.night - 1, change.night))
        path = site.path(site.by_key[change.key])
        tags = validators_of(before, path)
        assert ask(site, path, if_none_match=tags["ETag"]).status == 200
        assert ask(site, path, if_modified_since=tags["Last-Modified"]).status == 200
        edited = {one.key for one in nights.changes(site) if one.night == change.night}
        other = next(one for one in before.files if one.key not in edited and one.key in site.by_key)
        if nights.has_redesign(site.id, change.night):
            continue
        tags = validators_of(before, before.path(other))
        assert ask(site, site.path(other), if_none_match=tags["ETag"]).status == 304
        assert ask(site, site.path(other), if_modified_since=tags["Last-Modified"]).status == 304


@ALL
def test_a_listing_that_lost_an_article_is_another(kind: type[Site]) -> None:
    changes = [one for one in nights.changes(kind()) if one.kind is Kind.REMOVAL]
    assert changes
    for change in changes:
        before, site = (at(kind, night, validators="all") for night in (change.night - 1, change.night))
        article = before.by_key[change.key]
        number = before.in_section(article.section).index(article) // site.page_size + 1
        one, other = (web.listing(article.section, number) for web in (before, site))
        assert one.state != other.state
        assert one.changed is not None and other.changed is not None and one.changed < other.changed


def test_if_none_match_goes_before_if_modified_since() -> None:
    site = at(SITES[0], 0, validators="all")
    path = paths_of(site)["article"]
    tags = validators_of(site, path)
    later, earlier = "Sat, 01 Apr 2023 00:00:00 GMT", "Fri, 01 Jan 2010 00:00:00 GMT"
    assert ask(site, path, if_modified_since=later).status == 304
    assert ask(site, path, if_modified_since=earlier).status == 200
    assert ask(site, path, if_modified_since="tomorrow").status == 200
    assert ask(site, path, if_none_match='"other"', if_modified_since=later).status == 200
    assert ask(site, path, if_none_match=tags["ETag"], if_modified_since=earlier).status == 304
    strong = tags["ETag"].removeprefix("W/")
    for tag, status in ((f'"other", {tags["ETag"]}', 304), (strong, 304), ("*", 304), (strong.strip('"'), 200)):
        assert ask(site, path, if_none_match=tag).status == status, tag
    post = Request("POST", site.scheme, site.host, path, {}, {"if-none-match": "*"}, b"")
    assert site.answer(post).status == 200
    assert ask(site, "/khong-co-trang-nay/", if_none_match="*").status == 404


@pytest.fixture
def opener(web: SampleWeb) -> Iterator[urllib.request.OpenerDirector]:
    yield urllib.request.build_opener(urllib.request.ProxyHandler({"http": web.proxy}))


def headers_of(opener: urllib.request.OpenerDirector, address: str, **sent: str) -> tuple[int, Message]:
    asked = urllib.request.Request(address, headers={name.replace("_", "-"): value for name, value in sent.items()})
    try:
        with opener.open(asked, timeout=20) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, error.headers


def test_the_night_of_one_host_or_all_is_set_while_the_web_runs(
    web: SampleWeb, opener: urllib.request.OpenerDirector
) -> None:
    assert json.loads(json.dumps(web.control("all", night=2)))["night"] == 2
    site = at(SITES[0], 2)
    new = site.url(new_on(site, 2)[0])
    status, headers = headers_of(opener, new)
    assert (status, headers["ETag"][:3]) == (200, 'W/"')
    assert headers_of(opener, new, If_None_Match=headers["ETag"], If_Modified_Since="x")[0] == 304
    last = web.log()[-1]
    assert (last["if_none_match"], last["if_modified_since"]) == (headers["ETag"], "x")
    web.control(site.host, night=1)
    assert headers_of(opener, new)[0] == 404
    with pytest.raises(urllib.error.HTTPError, match="400"):
        web.control(site.host, night=6)
    with pytest.raises(urllib.error.HTTPError, match="400"):
        web.control(site.host, validators="some")
    web.control("all", clear=1)
    assert headers_of(opener, new)[0] == 404
