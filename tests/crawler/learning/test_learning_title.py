"""Where the title stands is told by what agrees with it, never by the site's name or another article's headline."""

from collections.abc import Callable

import pytest

from crawler.extraction.read import Listed
from crawler.extraction.text import slug
from crawler.learning.title import title_of
from tests.crawler.learning.articles import TITLES, Invented, invented, picked, views_of

OTHERS = invented()


def related(one: Invented) -> str:
    other = OTHERS[(one.number + 3) % len(OTHERS)]
    return f'<ul class="more"><li><h3 class="ten">{other.title}</h3></li></ul>'


def page(one: Invented) -> str:
    return (
        f'<h2 class="site">Báo Sông Ngàn</h2><div class="bai"><h3 class="ten">{one.title}</h3>'
        f'<div class="noi-dung">{one.text}</div></div>{related(one)}'
    )


TOLD: dict[str, Callable[[Invented], str]] = {
    "title with the site's name behind": lambda one: f"<title>{one.title} | Báo Sông Ngàn</title>",
    "title with section and site before": lambda one: f"<title>Báo Sông Ngàn - Xã hội - {one.title}</title>",
    "og:title": lambda one: f'<title>Báo Sông Ngàn</title><meta property="og:title" content="{one.title}">',
    "json-ld": lambda one: (
        f'<script type="application/ld+json">{{"@type": "NewsArticle", "headline": "{one.title}"}}</script>'
    ),
}


@pytest.mark.parametrize("told", TOLD)
def test_title_agrees_with_the_head_of_the_page(told: str) -> None:
    views = views_of(page, head=TOLD[told])
    assert picked(views, title_of(views, ".noi-dung")) == list(TITLES)


def test_title_that_the_listing_tells() -> None:
    views = views_of(page, head=lambda one: "<title>Báo Sông Ngàn</title>", listed=lambda one: Listed(title=one.title))
    assert picked(views, title_of(views, ".noi-dung")) == list(TITLES)


def test_title_that_the_address_tells() -> None:
    slugs = [
        "xa-dau-son-trong-cay-sao-den-ven-de",
        "cho-phien-muong-lan-hop-som",
        "thu-vien-huyen-nhan-nghin-cuon-sach",
    ]
    views = views_of(
        page, address=lambda one: f"http://site.vn/{slugs[one.number]}-{one.number}.html", articles=invented(3)
    )
    assert picked(views, title_of(views, ".noi-dung")) == list(TITLES[:3])


def test_a_headline_of_another_article_is_none() -> None:
    """Where it stands first, the class alone would take it."""

    def upside_down(one: Invented) -> str:
        return related(one) + page(one)

    views = views_of(upside_down, head=TOLD["og:title"])
    assert picked(views, "h3.ten") != list(TITLES)
    assert picked(views, title_of(views, ".noi-dung")) == list(TITLES)


def test_the_site_s_name_is_no_title() -> None:
    views = views_of(
        lambda one: f'<h1>Báo Sông Ngàn</h1><div class="noi-dung">{one.text}</div>',
        head=lambda one: "<title>Báo Sông Ngàn</title>",
    )
    assert title_of(views, ".noi-dung") == ""


def test_names_that_are_numbered_are_not_used() -> None:
    def numbered(one: Invented) -> str:
        return f'<div id="post-{9100 + one.number}"><h1 class="t-2291">{one.title}</h1>{one.text}</div>'

    assert title_of(views_of(numbered, head=TOLD["og:title"]), "") == "h1"


def test_pages_under_the_addresses_of_others_do_not_hide_the_title() -> None:
    """A copy of a dead site has some pages whose address says another title than the page."""
    views = views_of(page, address=lambda one: f"http://site.vn/{slug(TITLES[one.number if one.number % 3 else 5])}/")
    assert picked(views, title_of(views, ".noi-dung")) == list(TITLES)


def test_a_node_that_contradicts_half_of_the_addresses_is_no_title() -> None:
    def boxed(one: Invented) -> str:
        return f'<b class="hop">{TITLES[one.number if one.number % 2 else 0]}</b><i class="ten">{one.title}</i>'

    views = views_of(boxed, address=lambda one: f"http://site.vn/{slug(one.title)}/")
    assert title_of(views, "") == ".ten"
