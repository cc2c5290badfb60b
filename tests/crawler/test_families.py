"""Addresses of the five sites: which are articles, which article, and where listings go on."""

import asyncio
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import pytest
from scrapy.http import Request

from crawler.extraction.page import Page
from crawler.families.base import SiteSpider
from crawler.sites import all_sites


class Address(NamedTuple):
    """One article of a site: its canonical address, its key, other addresses of it, and what is none."""

    canonical: str
    key: str
    variants: tuple[str, ...]
    others: tuple[str, ...]


SITES = {
    "bao_quang_ninh": Address(
        "http://baoquangninh.com.vn/kinh-te/202303/dong-gang-duoc-mua-2601234/",
        "2601234",
        (
            "/kinh-te/202303/dong-gang-duoc-mua-2601234",
            "/xa-hoi/202303/dong-gang-duoc-mua-2601234/",
            "/kinh-te/nong-nghiep/202303/tua-de-moi-2601234/",
        ),
        (
            "/kinh-te/",
            "/kinh-te/?page=2",
            "/kinh-te/202303/",
            "/kinh-te/dong-gang-duoc-mua-2601234/",
            "/print/2601234/",
            "/mail/2601234/",
            "/dataimages/202303/original/images2601234_anh.jpg",
            "/rss/kinh-te.rss",
            "/kinh-te/202303/dong-gang-duoc-mua-26/",
        ),
    ),
    "hong_linh": Address(
        "https://honglinh.hatinh.gov.vn/portal/Pages/2023-03-12/Dong-Gang-duoc-mua-465087.aspx",
        "465087",
        (
            "/portal/pages/2023-03-12/Dong-Gang-duoc-mua-465087.aspx",
            "/PORTAL/PAGES/2023-3-12/dong-gang-duoc-mua-465087.ASPX",
            "/portal/Pages/2023-03-12/Tua-de-moi-465087.aspx",
        ),
        (
            "/portal/Pages/Default.aspx",
            "/portal/Pages/Kinh-te-Do-thi.aspx",
            "/portal/Pages/Kinh-te-Do-thi.aspx?PageIndex=2",
            "/portal/Pages/In.aspx?id=465087",
            "/portal/_layouts/SendMail.aspx?id=465087",
            "/portal/Pages/2023-03-12/",
            "/portal/Pages/2023-03-12/tep.pdf",
            "/portal",
        ),
    ),
    "bao_thai_nguyen": Address(
        "https://baothainguyen.vn/tin-tuc/kinh-te/dong-gang-duoc-mua-300123-108.html",
        "300123",
        ("/tin-tuc/xa-hoi/dong-gang-duoc-mua-300123-85.html", "/tin-tuc/kinh-te/tua-de-moi-300123-108.html"),
        (
            "/chuyen-muc/kinh-te_108.html",
            "/chuyen-muc/kinh-te_108.html?Page=2",
            "/tin-tuc/kinh-te/",
            "/gui-y-kien/300123.html",
            "/in-trang/300123.html",
            "/tim-kiem.html",
            "/lich/2023/3/",
            "/tin-tuc/kinh-te/dong-gang.html",
        ),
    ),
    "tuyen_giao_ha_nam": Address(
        "https://tuyengiao.hanam.gov.vn/kinh-te/dong-gang-duoc-mua-606730",
        "606730",
        (
            "/tin-hoat-dong/dong-gang-duoc-mua-606730",
            "/kinh-te/nong-nghiep/tua-de-moi-606730",
            "/kinh-te/dong-gang-duoc-mua-606730/",
        ),
        (
            "/kinh-te",
            "/kinh-te?page=2",
            "/in-bai-viet?id=606730",
            "/gui-email?id=606730",
            "/tim-kiem?q=606730",
            "/Upload/2023/3/anh-606730.jpg",
            "/DesktopModule/UIArticleInMenu/ArticleInMenuPagination.aspx/LoadArticle",
        ),
    ),
    "tuyen_giao_binh_phuoc": Address(
        "https://tuyengiaobinhphuoc.vn/dong-gang-duoc-mua/",
        "dong-gang-duoc-mua",
        (
            "/dong-gang-duoc-mua",
            "/dong-gang-duoc-mua/amp/",
            "/dong-gang-duoc-mua/amp",
            "/2023/03/dong-gang-duoc-mua/",
        ),
        (
            "/category/kinh-te-xa-hoi/",
            "/category/kinh-te-xa-hoi/page/2/",
            "/tag/cai-bap/",
            "/author/admin/",
            "/page/2/",
            "/feed/",
            "/dong-gang-duoc-mua/feed/",
            "/wp-json/wp/v2/posts",
            "/wp-login.php",
            "/wp-content/uploads/2023/03/anh.jpg",
            "/2023/",
            "/2023/03/",
            "/2023/03/12/",
            "/robots.txt",
            "/wp-sitemap.xml",
            "/sitemap.xml",
            "/search/cai-bap/",
        ),
    ),
}
EACH = pytest.mark.parametrize("name", SITES)


def spider_of(name: str) -> type[SiteSpider]:
    return all_sites()[name]


def each(field: str) -> pytest.MarkDecorator:
    """One case for each address of every site, relative ones made absolute on the site's host."""
    cases = []
    for name, address in SITES.items():
        base = "/".join(address.canonical.split("/")[:3])
        cases += [pytest.param(name, base + one, id=f"{name}:{one}") for one in getattr(address, field)]
    return pytest.mark.parametrize(("name", "url"), cases)


def host_variants(canonical: str) -> list[str]:
    scheme, _, rest = canonical.partition("://")
    host, _, path = rest.partition("/")
    return [
        canonical,
        f"http://{host}/{path}",
        f"https://{host}/{path}",
        f"https://www.{host}/{path}",
        f"HTTPS://{host.upper()}/{path}",
        f"http://{host}:80/{path}",
        f"https://{host}:443/{path}",
        f"{scheme}://{host}/{path}?utm_source=fb&fbclid=7",
        f"{scheme}://{host}/{path}?print=1",
        f"{scheme}://{host}/{path}?amp=1#top",
        f"{scheme}://{host}/{path}#binh-luan",
    ]


def test_every_site_has_addresses_here() -> None:
    assert set(SITES) == set(all_sites())


@EACH
@pytest.mark.parametrize("which", range(11))
def test_host_scheme_port_query_and_fragment_make_no_other_article(name: str, which: int) -> None:
    url = host_variants(SITES[name].canonical)[which]
    assert (spider_of(name).article_key(url), spider_of(name).canonical_url(url)) == (
        SITES[name].key,
        SITES[name].canonical,
    )


@each("variants")
def test_section_slug_case_and_amp_variants_have_the_same_key(name: str, url: str) -> None:
    assert spider_of(name).article_key(url) == SITES[name].key


@each("others")
def test_listing_tool_and_file_addresses_are_no_articles(name: str, url: str) -> None:
    assert spider_of(name).article_key(url) is None


@EACH
@pytest.mark.parametrize("junk", ["\ud83d", "\udcff", "\x00", "\x1b", "\x7f"])
def test_address_with_half_a_character_or_a_control_is_no_article(name: str, junk: str) -> None:
    start, _, key = SITES[name].canonical.rpartition("-")
    assert spider_of(name).article_key(f"{start}{junk}-{key}") is None


@EACH
def test_home_page_is_no_article(name: str) -> None:
    home = "/".join(SITES[name].canonical.split("/")[:3])
    assert (spider_of(name).article_key(home), spider_of(name).article_key(home + "/")) == (None, None)


@EACH
@pytest.mark.parametrize(
    "change",
    [
        "{scheme}://{host}.evil.example/{path}",
        "{scheme}://evil{host}/{path}",
        "{scheme}://sub.{host}/{path}",
        "{scheme}://www.sub.{host}/{path}",
        "{scheme}://{host}@evil.example/{path}",
        "{scheme}://evil.example/{host}/{path}",
        "{scheme}://evil.example/?u={scheme}://{host}/{path}",
        "{scheme}://{host}:8080/{path}",
        "{scheme}://{host}:8443/{path}",
        "{scheme}://evil.example:80/{path}",
        "ftp://{host}/{path}",
        "javascript:open('{host}/{path}')",
        "//{host}/{path}",
        "/{path}",
        "",
    ],
)
def test_foreign_host_look_alike_and_odd_port_are_refused(name: str, change: str) -> None:
    scheme, _, rest = SITES[name].canonical.partition("://")
    host, _, path = rest.partition("/")
    assert spider_of(name).article_key(change.format(scheme=scheme, host=host, path=path)) is None


@EACH
@pytest.mark.parametrize("sign", ["\x1b", "\x9b", "\u202e", "\u2066", "\u200f"], ids=ascii)
def test_an_address_has_no_sign_that_a_terminal_obeys_or_that_turns_it_round(name: str, sign: str) -> None:
    url = SITES[name].canonical.replace("-", f"{sign}-", 1)
    assert sign in url
    assert spider_of(name).article_key(url) is None


@EACH
@pytest.mark.parametrize("url", ["http://[hong/", "http://[::1/tin-700001.html", "https://]/"])
def test_address_that_cannot_be_parsed_is_no_article_and_raises_nothing(name: str, url: str) -> None:
    assert spider_of(name).article_key(url) is None


SECTIONS = [
    "hoi-dap",
    "khieu-nai-to-cao",
    "tiep-cong-dan",
    "kien-nghi-cu-tri",
    "y-kien-cong-dan",
    "duong-day-nong",
    "gop-y",
    "rao-vat",
    "tra-loi-kien-nghi-cu-tri",
    "giai-quyet-don-thu",
    "nguoi-dan-hoi-chinh-quyen-tra-loi",
]


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("bao_quang_ninh", "/{}/202303/ong-a-hoi-ve-dat-2601234/"),
        ("bao_quang_ninh", "/ban-doc/{}/202303/ong-a-hoi-ve-dat-2601234/"),
        ("bao_thai_nguyen", "/tin-tuc/{}/ong-a-hoi-ve-dat-300123-108.html"),
        ("tuyen_giao_ha_nam", "/{}/ong-a-hoi-ve-dat-606730"),
        ("tuyen_giao_binh_phuoc", "/{}/ong-a-hoi-ve-dat/"),
    ],
)
def test_petitions_and_questions_of_citizens_are_left_out(name: str, path: str, section: str) -> None:
    base = "/".join(SITES[name].canonical.split("/")[:3])
    assert spider_of(name).article_key(base + path.format(section)) is None


@pytest.mark.parametrize(
    ("name", "path", "key"),
    [
        ("bao_quang_ninh", "/chinh-tri/202303/hoi-dap-ve-bau-cu-2601234/", "2601234"),
        ("bao_thai_nguyen", "/tin-tuc/chinh-tri/khieu-nai-to-cao-giam-manh-300123-97.html", "300123"),
        ("bao_thai_nguyen", "/tin-tuc/cu-tri/tra-loi-kien-nghi-cu-tri-xa-a-300123-97.html", "300123"),
        ("bao_quang_ninh", "/phap-luat/202303/giai-quyet-don-thu-khieu-nai-o-xa-a-2601234/", "2601234"),
        ("tuyen_giao_ha_nam", "/phap-luat/giai-quyet-khieu-nai-to-cao-606730", "606730"),
        ("tuyen_giao_ha_nam", "/kinh-te/quang-cao-nong-san-606730", "606730"),
        ("tuyen_giao_ha_nam", "/hoi-dap-phap-luat-va-doi-song/tu-van-606730", "606730"),
    ],
)
def test_article_about_petitions_is_an_article(name: str, path: str, key: str) -> None:
    base = "/".join(SITES[name].canonical.split("/")[:3])
    assert spider_of(name).article_key(base + path) == key


def test_number_glued_to_a_tandan_slug_is_told_by_day_and_file_name() -> None:
    spider = spider_of("hong_linh")
    one, same, other = (
        spider.article_key(f"https://honglinh.hatinh.gov.vn/portal/{path}.aspx")
        for path in (
            "Pages/2020-2-5/Dong-Gang-tieu-bieucgc20c",
            "pages/2020-2-5/dong-gang-tieu-bieucgc20c",
            "Pages/2020-2-6/Dong-Gang-tieu-bieucgc20c",
        )
    )
    assert one == same is not None
    assert one != other


# -- dates in addresses ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "url", "expected"),
    [
        (
            "hong_linh",
            "https://honglinh.hatinh.gov.vn/portal/Pages/2023-03-12/Dong-Gang-465087.aspx",
            "2023-03-12",
        ),
        (
            "hong_linh",
            "https://honglinh.hatinh.gov.vn/portal/pages/2020-2-5/Dong-Gangcgc20c.aspx",
            "2020-02-05",
        ),
        ("hong_linh", "https://honglinh.hatinh.gov.vn/portal/Pages/2023-02-30/Dong-Gang-465087.aspx", None),
        ("hong_linh", "https://honglinh.hatinh.gov.vn/portal/Pages/2023-13-01/Dong-Gang-465087.aspx", None),
        ("hong_linh", "https://honglinh.hatinh.gov.vn/portal/Pages/Kinh-te.aspx", None),
        ("bao_quang_ninh", SITES["bao_quang_ninh"].canonical, None),
        ("bao_thai_nguyen", SITES["bao_thai_nguyen"].canonical, None),
        ("tuyen_giao_ha_nam", SITES["tuyen_giao_ha_nam"].canonical, None),
        ("tuyen_giao_binh_phuoc", SITES["tuyen_giao_binh_phuoc"].canonical, None),
        (
            "tuyen_giao_binh_phuoc",
            "https://tuyengiaobinhphuoc.vn/2023/03/12/dong-gang-duoc-mua/",
            "2023-03-12",
        ),
        ("tuyen_giao_binh_phuoc", "https://tuyengiaobinhphuoc.vn/2023/03/dong-gang-duoc-mua/", None),
    ],
)
def test_address_tells_the_day_only_where_it_names_a_real_one(name: str, url: str, expected: str | None) -> None:
    found = spider_of(name).date_in_url(url)
    assert (f"{found.instant:%Y-%m-%d} {found.precision} {found.source}" if found else None) == (
        f"{expected} day url" if expected else None
    )


# -- where listings go on --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "path", "second"),
    [
        ("bao_quang_ninh", "/kinh-te/", "http://baoquangninh.com.vn/kinh-te/?page=2"),
        (
            "hong_linh",
            "/portal/Pages/Thong-bao.aspx",
            "https://honglinh.hatinh.gov.vn/portal/Pages/Thong-bao.aspx?PageIndex=2",
        ),
        (
            "bao_thai_nguyen",
            "/chuyen-muc/kinh-te_108.html",
            "https://baothainguyen.vn/chuyen-muc/kinh-te_108.html?Page=2",
        ),
        (
            "tuyen_giao_binh_phuoc",
            "/category/khoa-giao/",
            "https://tuyengiaobinhphuoc.vn/category/khoa-giao/page/2/",
        ),
    ],
)
def test_first_listing_page_is_the_section_itself_and_further_ones_are_numbered(
    name: str, path: str, second: str
) -> None:
    spider = spider_of(name)()
    first, further = spider.listing_request(path, 1), spider.listing_request(path, 2)
    assert (first.url, further.url) == (spider.site_url(path), second)
    assert (first.method, further.method) == ("GET", "GET")


SCRIPT = """<div class="ArticleList"><a href="/kinh-te/dong-gang-duoc-mua-606730">Đồng Găng được mùa</a></div>
<script>var maxPage = parseInt(2); $.ajax({ data: { article_category_id: 4102, site_id: 3071, page: page,
page_size: 12, categoryIds: "4102,4103" } });</script>"""


def listing(*numbers: int) -> list[tuple[Request | None, Any]]:
    """What a portal's spider asks for and finds, page after page of one section."""
    spider = spider_of("tuyen_giao_ha_nam")()
    asked: list[Request] = []

    async def get(request: Request, **_: Any) -> Page:
        asked.append(request)
        return Page(request.url, SCRIPT.encode(), "text/html")

    spider.get = get  # type: ignore[method-assign]

    async def walk() -> list[tuple[Request | None, Any]]:
        out = []
        for number in numbers:
            before = len(asked)
            entries = await spider.listing_page("/kinh-te", number)
            out.append((asked[-1] if len(asked) > before else None, entries))
        return out

    return asyncio.run(walk())


def test_portal_posts_the_numbers_of_its_script_for_the_second_page() -> None:
    (first, found), (second, found_too) = listing(1, 2)
    assert first is not None
    assert second is not None
    assert (first.method, first.url) == ("GET", "https://tuyengiao.hanam.gov.vn/kinh-te")
    assert (second.method, second.url) == (
        "POST",
        "https://tuyengiao.hanam.gov.vn/DesktopModule/UIArticleInMenu/ArticleInMenuPagination.aspx/LoadArticle",
    )
    form = {name: values[0] for name, values in parse_qs(second.body.decode(), keep_blank_values=True).items()}
    wanted = {
        "article_category_id": "4102",
        "site_id": "3071",
        "page": "2",
        "page_size": "12",
        "categoryIds": "4102,4103",
        "no": "-12",
    }
    assert form.items() >= wanted.items()
    assert (
        [entry.url for entry in found] == [entry.url for entry in found_too] == [SITES["tuyen_giao_ha_nam"].canonical]
    )


def test_portal_asks_for_nothing_past_its_last_page() -> None:
    assert listing(1, 3)[1] == (None, [])
