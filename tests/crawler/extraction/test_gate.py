"""Pages that are no articles by their shape, each beside news that has the same words or the same pieces."""

from dataclasses import replace

import pytest

from archive.article import GONE_REASONS, Article, Rejection
from crawler.extraction.gate import Reason, refuse_fallback, refuse_redirect
from crawler.extraction.simplify import Draft, Run
from tests.crawler.helpers import LONG_HTML, NEWS, NEWS_HTML, line, page_of, reading

URL = "http://baoquangninh.com.vn/kinh-te/202303/dong-gang-duoc-mua-1234567/"
TITLE = "Đồng Găng được mùa cải bắp"
CHECK = "<noscript>Bật JavaScript</noscript>"
RELOAD = "<script>document.cookie='k=' + 7 * 6 + '; path=/'; location.reload();</script>"
ALERT = "<script>alert('Bài viết không tồn tại hoặc đã bị xóa!'); window.location.href = '/';</script>"
ADS = "".join(f"<li><a href='http://ads.example/{one}'>Quảng cáo {one}</a></li>" for one in ("vay", "nha", "xe"))


MENU = "".join(f"<p>Chuyên mục thứ {n} của báo</p>" for n in range(20))


def page(body: str = "", title: str = "", head: str = "") -> str:
    return f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def in_frame(body: str = NEWS_HTML, title: str = TITLE, date: str = "Thứ Sáu, 17/03/2023, 11:02 [GMT+7]") -> str:
    return page(f"<h1 id='title'>{title}</h1><div id='date'>{date}</div><div id='content'>{body}</div>", title)


def refreshed(to: str) -> str:
    return f"<meta http-equiv='refresh' content='0; url={to}'>"


REFUSED: dict[str, tuple[str, Reason]] = {
    "nothing": ("", Reason.EMPTY),
    "white space": (" \r\n\t&nbsp;\u00a0 " * 100, Reason.EMPTY),
    "markup without a word": (page("<div><p> </p></div>"), Reason.EMPTY),
    "a script that sets a cookie and loads again": (page(RELOAD), Reason.CHALLENGE),
    "a refresh to the page itself": (page("Xin chờ", head=refreshed(URL)), Reason.CHALLENGE),
    "a refresh to the page itself with a token": (page(head=refreshed(f"{URL}?t=81ab")), Reason.CHALLENGE),
    "a script that leads back with a token": (page(f"<script>location.href='{URL}?k=1'</script>"), Reason.CHALLENGE),
    "a check that says what it does": (
        page(f"<p>Checking your browser before accessing.</p>{CHECK}", "Just a moment..."),
        Reason.CHALLENGE,
    ),
    "a script that says the article is gone": (page(ALERT), Reason.SOFT_404),
    "a script that leads to the front page": (page("<script>window.location='/'</script>"), Reason.FRONT_PAGE),
    "a refresh to the front page": (page(head=refreshed("http://baoquangninh.com.vn/")), Reason.FRONT_PAGE),
    "a shell for scripts": (page("<div id='app'></div><script src='/app.js'></script>"), Reason.NO_LAYOUT),
    "an error page of the site": (
        page("<h1>Không tìm thấy trang</h1><p>Trang bạn tìm không tồn tại hoặc đã bị xóa.</p>"),
        Reason.SOFT_404,
    ),
    "an error page in the article's frame": (
        in_frame("<p>Bài viết không tồn tại hoặc đã bị gỡ.</p>", "Thông báo", date=""),
        Reason.SOFT_404,
    ),
    "an error page in a menu": (
        page(f"{MENU}<p>Bài viết bạn đang tìm kiếm không tồn tại hoặc đã bị xóa khỏi hệ thống.</p>", "Báo Quảng Ninh"),
        Reason.SOFT_404,
    ),
    "a page that is still to come, in a menu": (
        page(f"{MENU}<p>Nội dung đang được cập nhật, mời bạn quay lại khi hệ thống nâng cấp xong.</p>"),
        Reason.SOFT_404,
    ),
    "an error page whose title says so, in a menu": (
        page(f"<h1>Không tìm thấy trang này</h1>{MENU}", "Không tìm thấy trang này"),
        Reason.SOFT_404,
    ),
    "a title that says so over a placeholder": (
        in_frame("<p>Mời bạn đọc các tin khác.</p>", "Bài viết không tồn tại"),
        Reason.SOFT_404,
    ),
    "the frame alone": (in_frame(""), Reason.NO_BODY),
    "a login page": (
        page("<h1>Đăng nhập</h1><form><input name='u'><input type='password' name='p'></form>", "Đăng nhập"),
        Reason.LOGIN,
    ),
    "a login page in a menu": (
        page(f"{MENU * 4}<form>Mật khẩu <input type='password'><p>{NEWS[0]}</p></form>", "Đăng nhập"),
        Reason.LOGIN,
    ),
    "a parked domain": (page(f"<h1>baoquangninh.com.vn</h1><ul>{ADS}</ul>", "baoquangninh.com.vn"), Reason.PARKED),
    "a domain for sale": (
        page(
            "<p>The domain baoquangninh.com.vn is for sale.</p><iframe src='https://parking.example/f'></iframe>",
            "baoquangninh.com.vn",
        ),
        Reason.PARKED,
    ),
}


@pytest.mark.parametrize(("body", "reason"), REFUSED.values(), ids=REFUSED)
def test_page_is_refused_by_its_shape(body: str, reason: Reason) -> None:
    refused = reading("bao_quang_ninh", URL, body).result
    assert isinstance(refused, Rejection), refused.text
    assert refused.reason == reason


SAME_WORDS = (
    "Trang mạo danh hiện dòng “checking your browser”, “just a moment” rồi đòi bật JavaScript và nhập mật khẩu; "
    "khi nạn nhân quay lại thì bài viết không tồn tại hoặc đã bị xóa, tên miền baoquangninh.com.vn giả được rao bán."
)
KEPT: dict[str, str] = {
    "news with the words of all of them": in_frame(f"{NEWS_HTML}<p>{SAME_WORDS}</p>"),
    "news in unknown markup with the words of all of them": page(f"<h1>{TITLE}</h1>{LONG_HTML}<p>{SAME_WORDS}</p>"),
    "news beside a script that sets a cookie and loads again": in_frame(NEWS_HTML + RELOAD + CHECK),
    "news in unknown markup beside such a script": page(f"<h1>{TITLE}</h1>{LONG_HTML}{RELOAD}{CHECK}"),
    "news beside a script that can say it is gone": in_frame(NEWS_HTML + ALERT),
    "news in unknown markup that is loaded again every ten minutes": page(
        f"<h1>{TITLE}</h1>{LONG_HTML}", head=f"<meta http-equiv='refresh' content='600; url={URL}'>"
    ),
    "news in unknown markup that links to other hosts only": page(f"<h1>{TITLE}</h1>{LONG_HTML}<ul>{ADS}</ul>"),
    "news in unknown markup on a portal with a login in its header": page(
        f"<form>Mật khẩu <input type='password'></form><h1>{TITLE}</h1>{LONG_HTML}"
    ),
    "a short story whose title has the words": in_frame(
        "<p>Phóng sự của Lò Văn Ín, bản Nà Pheo.</p><video src='/a.mp4'></video>",
        "Cả huyện đã xóa nhà tạm, nhà dột nát",
    ),
    "news beside a login box": in_frame(NEWS_HTML) + "<form><input type='password'></form>",
}


@pytest.mark.parametrize("body", KEPT.values(), ids=KEPT)
def test_news_with_the_same_words_or_pieces_is_kept(body: str) -> None:
    found = reading("bao_quang_ninh", URL, body).result
    assert isinstance(found, Article), found
    assert NEWS[0] in found.text or "Nà Pheo" in found.text


UNDECIDED: dict[str, str] = {
    "a shell whose script knows the status 404": page(
        "<div id='app'></div><script>get().then(r => { if (r.status == 404) location.hash = 'x' })</script>"
    ),
    "a shell whose script has the words for a missing page": page(
        "<div id='app'></div><script>const vi = {missing: 'Trang không tồn tại hoặc đã bị xóa'}; start(vi)</script>"
    ),
    "a shell whose script says another thing aloud": page(
        "<div id='app'></div><script>alert('404 bài dự thi'); const vi = 'Trang không tồn tại'</script>"
    ),
    "a police item about a post that was deleted, in a menu": page(
        f"{MENU}<p>Bài viết sai sự thật trên Facebook đã bị xóa sau khi công an xã mời chủ tài khoản làm việc.</p>",
        TITLE,
    ),
    "a police item that promises more, in a menu": page(
        f"{MENU}<p>Nội dung vụ việc đang được cập nhật, công an xã đề nghị bà con cung cấp thêm tin.</p>", TITLE
    ),
    "a police item alone": page(
        f"<h1>{TITLE}</h1><p>Bài viết sai sự thật trên Facebook đã bị xóa sau khi công an xã mời chủ tài khoản.</p>"
    ),
    "two paragraphs one of which says so, in a menu": page(
        f"{MENU}<p>{NEWS[0]}</p><p>Bài viết này đã bị xóa, theo lời chủ tài khoản kể với tổ công tác của xã.</p>", TITLE
    ),
    "a title with a number, in a menu": page(f"{MENU}<p>{NEWS[0]}</p>", "Trao 404 suất quà cho học sinh"),
}


@pytest.mark.parametrize("body", UNDECIDED.values(), ids=UNDECIDED)
def test_page_with_the_words_is_not_taken_for_one_that_is_gone(body: str) -> None:
    """What is refused for want of a layout is read again once there is one; what is gone is not."""
    refused = reading("bao_quang_ninh", URL, body).result
    assert isinstance(refused, Rejection), refused.text
    assert refused.reason == Reason.NO_LAYOUT


@pytest.mark.parametrize(
    ("final", "reason"),
    [
        ("http://baoquangninh.com.vn/", Reason.FRONT_PAGE),
        ("https://www.baoquangninh.com.vn/index.html", Reason.FRONT_PAGE),
        # A query may name another page on the same path.
        ("https://www.baoquangninh.com.vn/?bai=7", Reason.REDIRECTED),
        ("http://baoquangninh.com.vn/kinh-te/", Reason.REDIRECTED),
        # "Loi" ends the names of places and of sections.
        ("http://baoquangninh.com.vn/thuy-loi/", Reason.REDIRECTED),
        ("http://baoquangninh.com.vn/phu-loi/gioi-thieu", Reason.REDIRECTED),
        ("http://baoquangninh.com.vn/vinh-loi/", Reason.REDIRECTED),
        ("http://baoquangninh.com.vn/tin/thang-loi", Reason.REDIRECTED),
        ("http://baoquangninh.com.vn/loi/", Reason.SOFT_404),
        ("http://baoquangninh.com.vn/loi.html", Reason.SOFT_404),
        ("http://baoquangninh.com.vn/page-404.html", Reason.SOFT_404),
    ],
)
def test_where_an_article_address_leads_tells_whether_it_is_gone(final: str, reason: Reason) -> None:
    refused = refuse_redirect(URL, final)
    assert refused.reason == reason
    assert URL in refused.detail


def test_what_says_that_an_article_is_gone_is_what_a_site_does_on_purpose() -> None:
    """A check, a login or a layout that has changed says nothing of the article."""
    assert {Reason.FRONT_PAGE, Reason.SOFT_404} == GONE_REASONS


def linked(text: str) -> Draft:
    """A headline of another article."""
    return replace(line(text), runs=(Run(text, "/tin/bai-700002.html"),))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (line("Bài viết không tồn tại hoặc đã bị gỡ bỏ. Mời bạn đọc các tin khác trên trang."), Reason.SOFT_404),
        (line(NEWS[0]), Reason.NO_LAYOUT),
        # Of what a headline says another page is the witness.
        (linked("Bài viết không tồn tại hoặc đã bị gỡ bỏ. Mời bạn đọc các tin khác trên trang."), Reason.NO_LAYOUT),
    ],
)
def test_headlines_of_other_articles_say_nothing_of_the_page(said: Draft, reason: Reason) -> None:
    """They may be as long as sentences, and stand above the one that the page says itself."""
    menu = [line(f"Chuyên mục thứ {number} của báo") for number in range(20)]
    headlines = [linked(f"Liên đoàn Lao động thị xã {number} thả cá giống xuống hồ chứa") for number in range(6)]
    refused = refuse_fallback(page_of(""), "", [*menu, *headlines, said])
    assert refused is not None and refused.reason == reason
