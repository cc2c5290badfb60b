"""Where the section and the tags stand; a menu and a box of another section are neither."""

from collections.abc import Callable

from crawler.extraction.read import Listed
from crawler.extraction.select import select_all, select_first
from crawler.extraction.text import slug, squash
from crawler.learning.section import section_of, tags_of
from crawler.learning.views import View
from tests.crawler.learning.articles import Invented, invented, views_of

SECTIONS = ("Xã hội", "Kinh tế", "Thể thao")
ARTICLES = invented()


def section(one: Invented) -> str:
    return SECTIONS[one.number % 3]


def link(name: str, folder: str = "") -> str:
    return f'<a href="/{folder}{slug(name)}/">{name}</a>'


MENU = f'<div class="menu">{"".join(map(link, SECTIONS))}</div>'


def page(one: Invented) -> str:
    path = f'<p class="vi-tri"><a href="/">Trang chủ</a> / {link("Tin tức")} / {link(section(one))}</p>'
    return f'{MENU}<div class="bai">{path}<h1>{one.title}</h1><div class="noi-dung">{one.text}</div></div>{BOX}'


BOX = f'<div class="hop"><h3>{link("Xã hội")}</h3></div>'


def last(views: list[View], selector: str) -> list[str]:
    found = [select_first(view.tree, selector, last=True) for view in views]
    return [one.value if one else "" for one in found]


def told(how: Callable[[Invented], Listed | None] = lambda one: None, path: str = "tin") -> list[View]:
    return views_of(
        page,
        listed=how,
        address=lambda one: f"http://site.vn/{path.format(slug(section(one)))}/bai-viet-nay-{900 + one.number}.html",
    )


def test_section_that_the_address_names() -> None:
    views = told(path="{}")
    assert last(views, section_of(views, ".noi-dung")) == [section(one) for one in ARTICLES]


def test_section_that_the_listing_names() -> None:
    views = told(lambda one: Listed(section=section(one)))
    assert last(views, section_of(views, ".noi-dung")) == [section(one) for one in ARTICLES]


def test_section_that_only_the_menu_knows() -> None:
    views = told()
    assert last(views, section_of(views, ".noi-dung")) == [section(one) for one in ARTICLES]


def test_pages_that_do_not_tell_their_section() -> None:
    """The menu and a box name sections on all pages: they are the article's on some by chance."""
    views = views_of(
        lambda one: f'{MENU}<h1>{one.title}</h1><div class="noi-dung">{one.text}</div>{BOX}',
        address=lambda one: f"http://site.vn/{slug(section(one))}/bai-{900 + one.number}.html",
    )
    assert section_of(views, ".noi-dung") == ""


def test_tags_lead_to_addresses_that_say_them() -> None:
    def tagged(one: Invented) -> str:
        tags = [f"{word} {one.title.split()[-1]}" for word in ("chuyện", "làng")]
        return page(one) + f'<div class="the">{"".join(link(tag, "tag/") for tag in tags)}</div>'

    views = views_of(tagged)
    found = tags_of(views, ".noi-dung")
    assert [squash(node.text) for node in select_all(views[0].tree, found)] == ["chuyện đê", "làng đê"]


def test_menus_and_other_articles_are_no_tags() -> None:
    def related(one: Invented) -> str:
        other = ARTICLES[(one.number + 1) % len(ARTICLES)]
        return page(one) + f'<div class="khac"><a href="/tin/bai-{other.number}.html">{other.title}</a></div>'

    assert tags_of(views_of(related), ".noi-dung") == ""


def test_articles_whose_addresses_say_their_headlines_are_no_tags() -> None:
    """Headlines may be as short as tags, and addresses bear them."""

    def address(one: Invented) -> str:
        return f"http://site.vn/tin/{slug(one.title)}-{7000 + one.number}.html"

    def related(one: Invented) -> str:
        other = ARTICLES[(one.number + 1) % len(ARTICLES)]
        return page(one) + f'<div class="khac"><a href="{address(other)}">{other.title}</a></div>'

    assert tags_of(views_of(related, address=address), ".noi-dung") == ""
