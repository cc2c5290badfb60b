"""A family is recognised by its signs, each told with where it was found."""

import pytest

from crawler.extraction.page import Page
from crawler.families.base import SiteSpider
from crawler.families.signs import Sign
from crawler.onboarding.recognise import FITS, PLAIN, families, family_named, recognise
from tests.goldens.reading import FAMILIES, serve


class Alpha(SiteSpider):
    family = "alpha"
    signs = (
        Sign(says="articles end in .alpha", address=r"\.alpha$", weight=3),
        Sign(says="the body bears alpha", selector=".alpha", weight=2),
        Sign(says="a script sets alpha", source=r"\balpha\s*=", weight=1),
    )


class Beta(SiteSpider):
    family = "beta"
    signs = (Sign(says="the body bears beta", selector=".beta", weight=2),)


AMONG: dict[str, type[SiteSpider]] = {"alpha": Alpha, "beta": Beta}


def page(body: str, url: str = "https://bao.vn/") -> Page:
    return Page(url, f"<html><body>{body}</body></html>".encode())


def test_every_family_is_found_and_has_signs_but_the_plain_one() -> None:
    assert {name for name, family in families().items() if not family.signs} == {PLAIN}
    assert {"dataimages", "epi", "hex_id", "nukeviet", "tandan", "vnpt_portal", "wordpress"} <= set(families())
    assert all(family.family == name for name, family in families().items())


@pytest.mark.parametrize("sibling", [name for name in FAMILIES if name != "bao_thai_nguyen"])
def test_an_article_page_of_a_family_is_recognised(sibling: str) -> None:
    first = recognise([serve(f"siblings/{sibling}")], families())[0]
    assert (first.family, first.fits) == (FAMILIES[sibling].family, True)


def test_a_sign_is_told_with_where_and_how_often_it_was_found() -> None:
    home = page("<p>Chào</p>")
    article = page("<div class=alpha>a</div><p class=alpha>b</p><script>alpha = 1</script>", "https://bao.vn/a")
    [likeness] = recognise([home, article], AMONG)
    assert likeness.score == 3
    assert [(one.says, one.at, one.times) for one in likeness.evidence] == [
        ("the body bears alpha", "https://bao.vn/a", 2),
        ("a script sets alpha", "https://bao.vn/a", 1),
    ]


@pytest.mark.parametrize(
    ("links", "found"),
    [
        ('<a href="/x.alpha">1</a>', False),
        ('<a href="/x.alpha">1</a><a href="https://www.bao.vn/y.alpha">2</a>', True),
        ('<a href="/x.alpha">1</a><a href="/x.alpha#top">1</a>', False),
        ('<a href="https://khac.vn/x.alpha">1</a><a href="https://khac.vn/y.alpha">2</a>', False),
    ],
    ids=["one link is chance", "two are none", "one address twice is one", "another site's do not count"],
)
def test_a_sign_of_an_address_wants_two_of_the_sites_own(links: str, found: bool) -> None:
    assert bool(recognise([page(links)], AMONG)) is found


def test_the_likelier_family_goes_first() -> None:
    both = page('<div class="alpha beta">x</div><script>alpha=1</script>')
    assert [one.family for one in recognise([both], AMONG)] == ["alpha", "beta"]
    assert recognise([both], AMONG)[1].fits is (Beta.signs[0].weight >= FITS)


def test_an_unknown_family_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'drupal'.*dataimages.*wordpress"):
        family_named("drupal")
