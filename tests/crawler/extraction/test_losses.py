"""News that stands where furniture stands: each was once taken away, with its twin that must go."""

import pytest

from archive.article import Article
from tests.crawler.helpers import NEWS, NEWS_HTML, cleaned, read_in_frame

OTHER = "<a href='/tin/mo-duong-700002.html'>Mở đường vào xã Thẳm Phé trước mùa mưa</a>"


@pytest.mark.parametrize(
    "line",
    [
        "<p>Bùi Huy</p>",
        "<p><b>Bùi Huy</b></p>",
        "<p>Theo Báo Hòa Bình</p>",
        "<p>Huyện phấn đấu hoàn thành trước tháng 6</p>",
        "<p><b>Giữ vững vùng chè</b></p>",
    ],
)
def test_line_above_one_related_link_stays(line: str) -> None:
    words = line.replace("<p>", "").replace("</p>", "").replace("<b>", "").replace("</b>", "")
    assert cleaned(f"{NEWS_HTML}{line}<p>{OTHER}</p>") == [*NEWS, words]


@pytest.mark.parametrize("line", ["<p>Bùi Huy</p>", "<p>Theo Báo Hòa Bình</p>"])
def test_sign_off_above_a_related_list_stays(line: str) -> None:
    kept = cleaned(f"{NEWS_HTML}{line}<ul><li>{OTHER}</li><li>{OTHER}</li></ul>")
    assert kept == [*NEWS, line[3:-4]]


@pytest.mark.parametrize("label", ["<p><b>Tin liên quan</b></p>", "<p>Tin cùng chuyên mục</p>", "<p>Đọc thêm:</p>"])
def test_label_above_a_related_list_goes(label: str) -> None:
    assert cleaned(f"{NEWS_HTML}{label}<ul><li>{OTHER}</li><li>{OTHER}</li></ul>") == [*NEWS]


@pytest.mark.parametrize(
    ("before", "after"), [("Trước đó, ", "."), ("Như Báo đã đưa tin, ", "."), ("Cũng trong sáng nay, ", ".")]
)
def test_sentence_that_is_mostly_a_link_stays(before: str, after: str) -> None:
    sentence = "ngày 10/3, hai cán bộ xã Tân Mỹ bị khởi tố vì để rừng đầu nguồn cháy lan sang xã bên"
    markup = f"<p>{before}<a href='/tin/khoi-to-700003.html'>{sentence}</a>{after}</p>"
    assert cleaned(markup + NEWS_HTML) == [f"{before}{sentence}{after}", *NEWS]


@pytest.mark.parametrize("before", ["", "Xem thêm: ", "» ", "- ", "&gt;&gt; "])
def test_link_behind_a_label_or_a_bullet_goes(before: str) -> None:
    assert cleaned(f"{NEWS_HTML}<p>{before}{OTHER}</p>{NEWS_HTML}") == [*NEWS, *NEWS]


@pytest.mark.parametrize(
    ("label", "link"),
    [
        ("Người dân nộp hồ sơ trực tuyến tại:", "<a href='https://dvc.example/ho-so'>https://dvc.example/ho-so</a>"),
        ("Bài dự thi gửi về địa chỉ:", "<a href='mailto:thi@bao.example'>thi@bao.example</a>"),
        ("Tải ứng dụng:", "<a href='https://cho.example/a'>Android</a> / <a href='https://cho.example/i'>iOS</a>"),
    ],
)
def test_announced_address_at_the_end_stays_with_its_announcement(label: str, link: str) -> None:
    kept = cleaned(f"{NEWS_HTML}<p>{label}</p><p>{link}</p>")
    assert kept[: len(NEWS) + 1] == [*NEWS, label] and len(kept) == len(NEWS) + 2


def test_share_links_behind_their_label_go() -> None:
    links = "<a href='https://facebook.example/share'>Facebook</a> <a href='https://zalo.example/share'>Zalo</a>"
    assert cleaned(f"{NEWS_HTML}<p>Chia sẻ:</p><p>{links}</p>") == [*NEWS]


@pytest.mark.parametrize(
    "last",
    [
        "Hội Nông dân huyện Lạc Sơn tặng 20 suất quà cho hộ nghèo",
        "Trường THPT Lạc Sơn đoạt giải nhất toàn đoàn",
        "Đội bóng đá nam xã Tân Mỹ vô địch giải tỉnh",
        "Công ty cổ phần nước sạch mong người dân thông cảm",
    ],
)
@pytest.mark.parametrize("look", ["b", "i"])
def test_emphasised_last_sentence_that_begins_like_an_office_stays(last: str, look: str) -> None:
    article = read_in_frame(f"{NEWS_HTML}<p><{look}>{last}</{look}></p>")
    assert isinstance(article, Article)
    assert article.text.endswith(last) and article.affiliation is None


def test_office_alone_to_the_right_signs() -> None:
    article = read_in_frame(f"{NEWS_HTML}<p align='right'><b>Hội Nông dân huyện Lạc Sơn</b></p>")
    assert isinstance(article, Article)
    assert article.affiliation == "Hội Nông dân huyện Lạc Sơn" and article.text.endswith(NEWS[-1])


def test_last_winner_of_a_list_is_no_author() -> None:
    first = "<p><b>Giải Nhất</b></p><p>Nguyễn Văn An (xã Tân Mỹ)</p>"
    second = "<p><b>Giải Nhì</b></p><p>Trần Thị Bình (xã Yên Nghiệp)</p>"
    article = read_in_frame(NEWS_HTML + first + second)
    assert isinstance(article, Article)
    assert article.author is None and article.text.endswith("Trần Thị Bình (xã Yên Nghiệp)")


def test_signer_of_a_document_is_no_author_of_the_article() -> None:
    article = read_in_frame(
        f"{NEWS_HTML}<p align='right'><b>CHỦ TỊCH</b></p><p align='right'><b>Nguyễn Văn Hải</b></p>"
    )
    assert isinstance(article, Article)
    assert article.author is None and article.text.endswith("CHỦ TỊCH\n\nNguyễn Văn Hải")


@pytest.mark.parametrize(
    "text",
    [
        "Cháu Nguyễn Văn An, 9 tuổi, đi học về từ chiều 11/3; gia đình tìm kiếm nhiều nơi nhưng không tìm thấy. "
        "Ai biết cháu ở đâu xin báo cho Công an xã Đồng Găng.",
        "Danh sách cử tri khu phố 3 đang được cập nhật, bà con kiểm tra tên tại nhà văn hóa trước ngày 20/3.",
        "Tấm biển cấm tắm ở đập Nà Lại đã bị gỡ sáng nay, xã đề nghị ai lấy nhầm thì trả lại.",
    ],
)
def test_short_undated_news_of_something_missing_is_kept(text: str) -> None:
    article = read_in_frame(f"<p>{text}</p>")
    assert isinstance(article, Article) and article.text == text


@pytest.mark.parametrize(
    "text",
    [
        "Bài viết không tồn tại hoặc đã bị gỡ bỏ. Mời bạn đọc các tin khác trên trang của chúng tôi.",
        "Nội dung đang được cập nhật, mời bạn quay lại sau khi chúng tôi hoàn thành việc nâng cấp hệ thống.",
        "Không tìm thấy dữ liệu",
    ],
)
def test_page_that_says_it_is_missing_is_refused(text: str) -> None:
    refused = read_in_frame(f"<p>{text}</p>")
    assert not isinstance(refused, Article) and refused.reason == "soft-404"
