"""What a home page tells of its publisher, its province and its sections."""

import pytest

from archive.provinces import provinces
from crawler.extraction.page import Page
from crawler.onboarding.menu import (
    feeds_of,
    is_left_out,
    menu_of,
    named_in_menu,
    province_named,
    province_of,
    publisher,
    site_id_of,
)


def home(head: str = "", body: str = "", url: str = "https://bao.vn/") -> Page:
    return Page(url, f"<html><head>{head}</head><body>{body}</body></html>".encode())


@pytest.mark.parametrize(
    ("head", "body", "name"),
    [
        ("<title>Báo Hà Nam điện tử</title>", "", "Báo Hà Nam"),
        ("<title>Trang chủ | Sở Y tế tỉnh Hà Nam</title>", "", "Sở Y tế tỉnh Hà Nam"),
        ("<title>Tin tức - Cổng thông tin điện tử huyện Duy Tiên</title>", "", "Cổng thông tin điện tử huyện Duy Tiên"),
        (
            "<meta property='og:site_name' content='Báo Hà Nam'><title>Tin mới nhất trong ngày</title>",
            "",
            "Báo Hà Nam",
        ),
        ("<meta property='og:site_name' content='baohanam.vn'><title>Báo Hà Nam</title>", "", "Báo Hà Nam"),
        (
            "<title>Trang nhất</title>",
            "<footer>© Bản quyền thuộc về Trường Chính trị tỉnh Hà Nam. Điện thoại: 0226</footer>",
            "Trường Chính trị tỉnh Hà Nam",
        ),
        ("<title>Sông Đáy</title>", "", "Sông Đáy"),
    ],
)
def test_the_publisher_is_named_by_title_or_footer(head: str, body: str, name: str) -> None:
    found = publisher(home(head, body))
    assert found is not None and found.value == name


def test_a_page_that_names_nobody_gives_no_publisher() -> None:
    assert publisher(home("<title>Trang chủ</title>")) is None


def test_the_title_of_a_page_that_stands_for_the_home_page_is_its_own() -> None:
    page = home("<title>Trang tin về thời sự</title>", url="https://bao.vn/thoi-su/")
    assert publisher(page) is None


@pytest.mark.parametrize(
    ("title", "host", "body", "slug"),
    [
        ("Báo Lào Cai", "bao.vn", "", "lao-cai"),
        ("Báo Quảng Nam", "bao.vn", "", "quang-nam"),
        ("Thị xã Hồng Lĩnh", "honglinh.hatinh.gov.vn", "", "ha-tinh"),
        ("Thị xã Duy Tiên", "duytien.vn", "<footer>UBND tỉnh Hà Nam</footer>", "ha-nam"),
        # Who built the site has an office too.
        ("Thị xã Duy Tiên", "duytien.vn", "<footer>Văn Quán, Hà Đông, Hà Nội</footer>", None),
        ("Tin hai tỉnh Hà Nam và Nam Định", "tin.vn", "", None),
        ("Đảng bộ Hoà Bình", "dangbo.vn", "", "hoa-binh"),
    ],
)
def test_the_province_is_named_by_title_host_or_footer(title: str, host: str, body: str, slug: str | None) -> None:
    found = province_of(title, host, home("", body))
    assert (found.value if found else None) == slug


@pytest.mark.parametrize("province", provinces(), ids=lambda one: one.slug)
def test_every_provinces_paper_is_told_by_title_and_by_host(province: object) -> None:
    slug, name = getattr(province, "slug"), getattr(province, "old_name")  # noqa: B009
    by_title, by_host = (
        province_of(f"Báo {name}", "x.vn", None),
        province_of("", f"bao{slug.replace('-', '')}.vn", None),
    )
    assert by_title is not None and by_title.value == slug
    assert by_host is not None and by_host.value == slug


def test_a_province_is_given_by_slug_or_name() -> None:
    assert province_named("Lào Cai") == province_named("lao-cai") == "lao-cai"
    with pytest.raises(ValueError, match="Lào Kay"):
        province_named("Lào Kay")


@pytest.mark.parametrize(
    ("title", "site_id"),
    [
        ("Báo Lào Cai", "bao_lao_cai"),
        ("Trường Chính trị tỉnh Đắk Nông", "truong_chinh_tri_dak_nong"),
        ("Cổng thông tin điện tử thị xã Hồng Lĩnh", "thi_xa_hong_linh"),
        ("Tỉnh đoàn Hà Nam", "tinh_doan_ha_nam"),
        ("Ban Tuyên giáo Tỉnh ủy Hà Nam", "ban_tuyen_giao_tinh_uy_ha_nam"),
    ],
)
def test_an_id_is_made_of_the_publishers_name(title: str, site_id: str) -> None:
    assert site_id_of(title) == site_id


def test_a_menu_gives_each_own_path_once_by_its_first_words() -> None:
    page = home(
        body="<nav><a href='/'>Trang chủ</a><a href='/kinh-te/'><img src='x'></a><a href='/kinh-te/#moi'>Kinh tế</a>"
        "<a href='/xa-hoi/' title='Xã hội'></a><a href='https://khac.vn/a/'>Khác</a><a href='/m/?theme=1'>Di động</a>"
        "<a href='/tin.aspx?cm=1'>Tin tỉnh</a><a href='/tin.aspx?cm=2'>Tin huyện</a></nav><p><a href='/x/'>Bài</a></p>"
    )
    assert menu_of(page) == {
        "/kinh-te/": "Kinh tế",
        "/xa-hoi/": "Xã hội",
        "/m/": "Di động",
        "/tin.aspx?cm=1": "Tin tỉnh",
        "/tin.aspx?cm=2": "Tin huyện",
    }


def test_entries_of_a_menu_may_have_long_names_and_headlines_in_its_place_are_none() -> None:
    long = "".join(f"<a href='/muc-{n}/'>Học tập và làm theo gương Bác {n}</a>" for n in range(3))
    news = "".join(f"<a href='/tin-{n}/'>Huyện Ba Vì khánh thành cầu dân sinh {n}</a>" for n in range(6))
    page = home(body=f"<nav><a href='/'>Trang chủ</a>{long}</nav><div class='navbox'>{news}</div>")
    assert set(named_in_menu(page)) == {"/muc-0/", "/muc-1/", "/muc-2/"}
    assert set(menu_of(page)) > {"/tin-0/"}


def test_a_page_without_a_menu_gives_all_its_links() -> None:
    assert menu_of(home(body="<p><a href='/kinh-te/'>Kinh tế</a></p>")) == {"/kinh-te/": "Kinh tế"}


@pytest.mark.parametrize(
    ("path", "name", "out"),
    [
        ("/tiep-cong-dan", "Tiếp công dân", True),
        ("/category/17/", "Hỏi đáp", True),
        ("/kinh-te/", "Kinh tế", False),
        ("/thoi-su/", "Hội đáp nghĩa", False),
        ("/c1/", "Trả lời kiến nghị cử tri", True),
        ("/c2/", "Giải quyết khiếu nại, tố cáo", True),
        ("/c3/", "Giải quyết đơn thư", True),
        ("/c4/", "Đơn thư, khiếu nại", True),
        ("/c5/", "Hỏi đáp trực tuyến", True),
        ("/c6/", "Công dân hỏi", True),
        ("/c7/", "Tiếp nhận phản ánh, kiến nghị", True),
        ("/c8/", "Công tác tiếp công dân", True),
        ("/c9/", "Người dân hỏi, chính quyền trả lời", True),
        ("/Tra_Loi_Kien_Nghi_Cu_Tri.aspx", "", True),
        ("/hoidap-12/", "", True),
        ("/c10/", "Cử tri", False),
        ("/c11/", "Pháp luật", False),
        ("/c12/", "Tổ chức hội", False),
        ("/c13/", "Giải quyết việc làm", False),
        ("/c14/", "Cơ quan báo chí trả lời", False),
    ],
)
def test_petitions_are_left_out(path: str, name: str, out: bool) -> None:
    assert is_left_out(path, name) is out


def test_feeds_are_named_in_the_head() -> None:
    head = (
        "<link rel='alternate' type='application/rss+xml' href='/rss/a.rss'>"
        "<link rel='alternate' type='application/rss+xml' href='/comments/feed/'>"
    )
    assert feeds_of(home(head)) == ["https://bao.vn/rss/a.rss"]
