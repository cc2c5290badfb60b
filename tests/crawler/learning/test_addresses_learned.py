"""The pattern of articles' addresses, and the id in them, learned from addresses of many shapes."""

import re
from collections.abc import Callable, Sequence

import pytest

from crawler.learning.addresses import Seen, is_asked, learn_addresses
from crawler.learning.patterns import Address

HOST = "https://bao.vn"
SECTIONS = ("kinh-te", "xa-hoi")
SUBJECTS = (
    "Bà con xã Bình Sơn trồng thêm cây sao đen", "Huyện Ba Vì khánh thành cầu mới", "Lớp xóa mù chữ ở bản Nà Sài",
    "Sáu hộ nuôi cá lồng có lãi lớn", "Trường Lê Lợi đón năm học mới", "Mưa lớn làm ngập đường số 5",
    "Hội Nông dân trao 20 con bò giống", "Chợ phiên Mường Khương đông khách", "Đội bóng huyện thắng trận đầu mùa",
    "Tổng kết phong trào năm 2019 ở xã", "Trạm y tế tiêm 300 mũi trong ngày", "Phát động Tết trồng cây đầu xuân",
)  # fmt: skip


def slug(words: str) -> str:
    return re.sub(r"\W+", "-", words.lower()).strip("-")


def headlines(path: Callable[[int, str], str]) -> list[Seen]:
    """Twelve articles, each by the path that `path` makes of its number and slug."""
    return [Seen(HOST + path(number, slug(words)), words, 1) for number, words in enumerate(SUBJECTS)]


def menu(*paths: str) -> list[Seen]:
    return [Seen(HOST + path, "Mục tin", 5) for path in paths]


# The path of an article, other pages of the menu, a further article, its key.
SHAPES: dict[str, tuple[Callable[[int, str], str], Sequence[str], str, str]] = {
    "id last": (
        lambda n, s: f"/{SECTIONS[n % 2]}/{s}-{310200 + 7 * n}.html",
        ("/kinh-te.html",),
        "/van-hoa/x-y-99999.html",
        "99999",
    ),
    "id then category": (
        lambda n, s: f"/tin/{s}-{5200 + n}-{8 + n % 2}.html",
        ("/muc/kinh-te_8.html",),
        "/tin/a-b-6001-9.html",
        "6001",
    ),
    "letters and id": (lambda n, s: f"/{s}-post{4000 + n}.html", ("/kinh-te/",), "/a-b-post7777.html", "7777"),
    "two numbers in a token": (
        lambda n, s: f"/{s}-c{n % 3}a{81000 + n}.html",
        ("/c3.html",),
        "/tin-moi-c2a9001.html",
        "9001",
    ),
    "id first": (lambda n, s: f"/tin/{900 + n}-{s}", ("/tin",), "/tin/1200-tin-moi", "1200"),
    "id alone": (
        lambda n, s: f"/{SECTIONS[n % 2]}/{24000 + n}.htm",
        ("/kinh-te",),
        "/van-hoa/25000.htm",
        "25000",
    ),
    "id in a folder": (lambda n, s: f"/post/{1500 + n}/{s}", ("/post",), "/post/2000/tin-moi", "2000"),
    "hash": (
        lambda n, s: f"/tin/202012/{s}-{0xA1B2C3 + 977 * n:07x}/",
        ("/tin/",),
        "/tin/202101/tin-moi-0fe12ab/",
        "0fe12ab",
    ),
    "time and counter": (
        lambda n, s: f"/{s}-2020{1 + n % 9:02}15{101500 + n}.htm",
        ("/a.htm",),
        "/tin-moi-20210203080910.htm",
        "20210203080910",
    ),
    "day and id": (
        lambda n, s: f"/Pages/2020-{1 + n % 9}-15/{s}-{48000 + n}.aspx",
        ("/Pages/tin.aspx",),
        "/pages/2021-12-3/tin-moi-50000.aspx",
        "50000",
    ),
    "depth varies": (
        lambda n, s: f"/vi/{'a/b' if n % 2 else 'c'}/{s}-{3000 + n}.html",
        ("/vi/a/",),
        "/vi/c/d/tin-moi-4000.html",
        "4000",
    ),
}


@pytest.mark.parametrize(("path", "others", "further", "key"), SHAPES.values(), ids=SHAPES)
def test_the_id_is_the_number_that_differs(
    path: Callable[[int, str], str], others: Sequence[str], further: str, key: str
) -> None:
    found = learn_addresses([*headlines(path), *menu(*others)], 6)
    assert found.has_id
    match = found.pattern.fullmatch(further)
    assert match is not None and match["key"] == key, found.path
    assert not any(found.pattern.fullmatch(other) for other in (*others, "/gioi-thieu.html", "/gioi-thieu/"))


def test_a_day_in_the_path_is_told_as_such() -> None:
    paths: tuple[Callable[[int, str], str], ...] = (
        lambda n, s: f"/Pages/2020-{1 + n % 9}-15/{s}-{48000 + n}.aspx",
        lambda n, s: f"/2020/{1 + n % 9:02}/15/{s}-{48000 + n}.html",
        lambda n, s: f"/{s}-2020{1 + n % 9:02}15{101500 + n}.htm",
    )
    for path in paths:
        found = learn_addresses(headlines(path), 3)
        match = found.pattern.fullmatch(path(4, "tin"))
        assert match is not None and (match["year"], int(match["month"]), match["day"]) == ("2020", 5, "15")


def test_a_year_at_the_end_is_no_id() -> None:
    found = learn_addresses(headlines(lambda n, s: f"/tin/{s}-{2015 + n % 6}"), 3)
    assert not found.has_id


def test_sections_with_numbers_are_told_by_how_long_those_are() -> None:
    articles = headlines(lambda n, s: f"/{s}-{310200 + n}.html")
    found = learn_addresses([*articles, *menu("/kinh-te-12.html", "/xa-hoi-1034.html")], 6)
    assert not found.pattern.fullmatch("/van-hoa-9999.html")
    assert found.pattern.fullmatch("/tin-cu-81200.html")


def test_the_parameter_names_the_article_where_one_page_shows_all() -> None:
    found = learn_addresses(headlines(lambda n, s: f"/Trang/ChiTiet.aspx?cat={n % 3}&nid={48213 + n}"), 3)
    assert found.query == "nid" and found.pattern.fullmatch("/trang/chitiet.aspx")
    assert found.kept == ("cat",)


@pytest.mark.parametrize("query", ["nid={}&sid=a81f03c9", "nid={}&title=hop-bao-{}", "nid={}"])
def test_what_is_a_session_or_not_in_every_address_is_not_kept_beside_the_id(query: str) -> None:
    found = learn_addresses(headlines(lambda n, s: f"/Trang/ChiTiet.aspx?{query.format(48213 + n, n)}"), 3)
    assert (found.query, found.kept) == ("nid", ())


def test_a_value_that_other_pages_have_otherwise_is_part_of_an_articles_address() -> None:
    articles = headlines(lambda n, s: f"/index.php?option=com_content&view=article&id={48213 + n}&catid={n % 3}")
    sections = menu(*(f"/index.php?option=com_content&view=category&id={n}" for n in range(3)))
    assert learn_addresses([*articles, *sections], 6).kept == ("option", "view=article", "catid")
    # A page without such an id says nothing of the value: further articles may have another.
    assert learn_addresses([*articles, *menu("/index.php?view=about")], 6).kept == ("option", "view", "catid")


def test_without_an_id_the_path_is_the_key_and_menus_say_whether_it_tells_articles() -> None:
    articles = headlines(lambda n, s: f"/{s}/")
    found = learn_addresses([*articles, *menu("/gioi-thieu/")], 6)
    assert (found.has_id, found.alone) == (False, False)
    dated = learn_addresses([*headlines(lambda n, s: f"/2020/{1 + n % 9:02}/{s}/"), *menu("/gioi-thieu/")], 6)
    assert (dated.has_id, dated.alone) == (False, True)


def test_too_few_headlines_are_said_to_be_so() -> None:
    with pytest.raises(ValueError, match="read like headlines"):
        learn_addresses([*headlines(lambda n, s: f"/{s}-{1000 + n}.html")[:5], *menu("/kinh-te/")], 3)


@pytest.mark.parametrize("path", ["/dang-nhap", "/vi/news/print/a-1.html", "/tim-kiem?q=a", "/lich/2020/12/", "/a.pdf"])
def test_what_bumps_a_counter_or_never_ends_is_not_asked_for(path: str) -> None:
    assert not is_asked(HOST + path)
    assert is_asked(HOST + "/in-an-va-xuat-ban/lich-su-dang-bo-huyen-12345.html")


@pytest.mark.parametrize(("parameters", "read"), [(20, 20), (21, 0)])
def test_an_address_with_endless_parameters_counts_as_one_without_any(parameters: int, read: int) -> None:
    form = "/loc.aspx?" + "&".join(f"p{number}={number}" for number in range(parameters))
    assert len(Address.of(HOST + form).query) == read
    articles = headlines(lambda n, s: f"/{s}-{310200 + n}.html")
    trap = Seen(HOST + form, "Xem tất cả các tin của xã", 1)
    assert learn_addresses([*articles, trap], 3).pattern.fullmatch("/tin-moi-310900.html")
