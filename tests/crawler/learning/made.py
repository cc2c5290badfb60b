"""Invented articles in the markup of an invented site, whose parts a test can change."""

from collections.abc import Callable

from tests.crawler.learning.articles import TITLES, Invented

Markup = Callable[[Invented], str]


def sentence(one: Invented, number: int) -> str:
    """A sentence of some 90 letters that no other article has."""
    other = TITLES[(one.number + 5 * number) % len(TITLES)].lower()
    return f"Câu thứ {number} của bài {one.number} kể rằng {other} từ lúc trời còn chưa sáng, bà con ai cũng vui."


def paragraphs(one: Invented, first: int = 1, count: int = 5) -> str:
    """Some paragraphs without a class."""
    return "".join(f"<p>{sentence(one, number)}</p>" for number in range(first, first + count))


def lead(one: Invented) -> str:
    """The words of an article's lead."""
    return f"Tóm tắt bài {one.number}: {sentence(one, 70)}"


def others(one: Invented, count: int = 3) -> str:
    """A list of links to other articles, different on each page."""
    numbers = [(one.number + step) % len(TITLES) for step in range(1, count + 1)]
    links = "".join(
        f'<li><a href="/tin/bai-viet-nay-{5000 + 37 * number}.html">{TITLES[number]}</a></li>' for number in numbers
    )
    return f"<ul>{links}</ul>"


def article(
    text: Markup = paragraphs,
    *,
    above: Markup = lambda one: f'<div class="sapo">{lead(one)}</div>',
    below: Markup = lambda one: f'<div class="khac"><h3>Tin liên quan</h3>{others(one)}</div>',
    name: str = ' class="than-bai"',
) -> Markup:
    """A page: menu, title, date, what stands `above` the text, the text in a container with `name`, what is `below`."""

    def page(one: Invented) -> str:
        return (
            '<div id="menu"><ul><li><a href="/">Trang chủ của báo</a></li><li><a href="/lien-he">Liên hệ với tòa soạn'
            '</a></li></ul></div><div class="cot-chinh"><div class="chi-tiet">'
            f'<h1 class="tieu-de">{one.title}</h1><div class="ngay">{one.at:%d/%m/%Y %H:%M}</div>'
            f"{above(one)}<div{name}>{text(one)}</div>{below(one)}</div></div>"
            '<div id="chan">Cơ quan chủ quản: Ủy ban nhân dân tỉnh, giấy phép số 12 do Bộ cấp ngày nọ năm kia.</div>'
        )

    return page
