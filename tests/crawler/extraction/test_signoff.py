"""Who wrote it, for whom, after which source: read from the last lines, and never from a sentence."""

import pytest

from archive.article import BlockKind
from crawler.extraction.signoff import SignOff, Standing, labelled, read_byline, read_credit, read_sign_off
from crawler.extraction.simplify import Draft
from tests.crawler.helpers import NEWS, line

BODY = [line(text) for text in NEWS]


def signed(*lines: Draft) -> tuple[list[str], SignOff]:
    """What stays of the lines below three paragraphs, and what they said."""
    body, found = read_sign_off([*BODY, *lines])
    assert body[:3] == BODY
    return [draft.text for draft in body[3:]], found


def right(text: str) -> Draft:
    return line(text, align="right")


def bold(text: str) -> Draft:
    return line(text, bold=True)


MARKS = pytest.mark.parametrize(
    "mark", [right, bold, lambda text: line(text, italic=True)], ids=["right", "bold", "italic"]
)

PEOPLE = [
    "Lường Thị Pến",
    "Phan Hòa",
    "Nguyễn Đặng Thu Trang",
    "Lê Anh - Vũ Bình",
    "Lê Anh, Vũ Bình",
    "Lê Anh – Vũ Bình – Hà Chi",
    "Lê Anh và Vũ Bình",
    "Lê Anh/Vũ Bình",
    "Lê Anh & Vũ Bình",
    "H’Mai Niê",
    "H'Lim Êban",
    "Y Kray Niê",
    "Sùng A Páo",
    "Điểu Khánh",
    "Ksor H’Bơ Khăp",
    "K’Tiếu",
    "LÊ THU HÀ",
    "PHAN HÒA",
    "N.V.A",
    "K.T",
    "Q. Minh",
    "Thanh Trúc (t/h)",
    "Thanh Trúc (tổng hợp)",
    "Công An",
]


@MARKS
@pytest.mark.parametrize("text", PEOPLE)
def test_marked_name_is_the_author(text: str, mark: object) -> None:
    kept, found = signed(mark(text))  # type: ignore[operator]
    assert kept == []
    assert found == SignOff(author=text.partition(" (")[0])


@pytest.mark.parametrize(
    "text",
    [
        "Lường Thị Pến",
        "Phan Hòa",
        "Lê Anh - Vũ Bình",
        "H’Mai Niê",
        "Y Kray Niê",
        "Sùng A Páo",
        "Điểu Khánh",
        "LÊ THU HÀ",
    ],
)
def test_plain_full_name_is_the_author(text: str) -> None:
    assert signed(line(text)) == ([], SignOff(author=text))


@pytest.mark.parametrize(
    ("text", "author", "affiliation"),
    [
        ("Văn Lâm (Hội Nông dân huyện)", "Văn Lâm", "Hội Nông dân huyện"),
        ("Lò Thị Ơn (Trường THPT Ba Vân)", "Lò Thị Ơn", "Trường THPT Ba Vân"),
        ("Sùng A Páo (Đồn Biên phòng Nậm Mu)", "Sùng A Páo", "Đồn Biên phòng Nậm Mu"),
        ("Lê Anh, Vũ Bình (Công an tỉnh)", "Lê Anh, Vũ Bình", "Công an tỉnh"),
        ("Phan Hòa - Ban Tuyên giáo Huyện ủy", "Phan Hòa", "Ban Tuyên giáo Huyện ủy"),
        ("Phan Hòa - BTG Thị ủy", "Phan Hòa", "BTG Thị ủy"),
        ("Phan Hòa – Sở Y tế", "Phan Hòa", "Sở Y tế"),
        (
            "Lê Anh - Vũ Bình - Phòng Truyền thông Công an tỉnh",
            "Lê Anh - Vũ Bình",
            "Phòng Truyền thông Công an tỉnh",
        ),
        ("H’Mai Niê - Huyện đoàn", "H’Mai Niê", "Huyện đoàn"),
    ],
)
@pytest.mark.parametrize("mark", [line, right], ids=["plain", "right"])
def test_name_with_an_office_gives_author_and_affiliation(
    text: str, author: str, affiliation: str, mark: object
) -> None:
    assert signed(mark(text)) == ([], SignOff(author, affiliation))  # type: ignore[operator]


@pytest.mark.parametrize(
    "text",
    [
        "Ban Tuyên giáo Huyện ủy",
        "Phòng Văn hóa và Thông tin",
        "UBND xã Ba Vân",
        "Công an tỉnh",
        "Huyện đoàn Nậm Mu",
        "(Sở Y tế)",
    ],
)
def test_office_alone_is_an_affiliation_if_it_stands_to_the_right(text: str) -> None:
    assert signed(right(text)) == ([], SignOff(affiliation=text.strip("()")))


@pytest.mark.parametrize("text", ["Ban Tuyên giáo Huyện ủy", "UBND xã Ba Vân", "Công an tỉnh"])
def test_office_alone_in_a_plain_line_stays(text: str) -> None:
    assert signed(line(text)) == ([text], SignOff())


@pytest.mark.parametrize(
    "text",
    ["BBT", "Ban Biên tập", "Nhóm PV", "PV", "Phóng viên", "CTV", "Nhóm phóng viên", "Tòa soạn", "P.V"],
)
@pytest.mark.parametrize("mark", [line, right], ids=["plain", "right"])
def test_desk_is_the_author(text: str, mark: object) -> None:
    assert signed(mark(text)) == ([], SignOff(author=text))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "author", "affiliation"),
    [
        ("Tin, ảnh: Phan Hòa", "Phan Hòa", None),
        ("Tin và ảnh: Phan Hòa", "Phan Hòa", None),
        ("Bài, ảnh: Phan Hòa", "Phan Hòa", None),
        ("Bài và ảnh: Lê Anh - Vũ Bình", "Lê Anh - Vũ Bình", None),
        ("Tin: Phan Hòa", "Phan Hòa", None),
        ("Tin, bài: Phan Hòa.", "Phan Hòa", None),
        ("Tác giả: Lường Thị Pến", "Lường Thị Pến", None),
        ("Thực hiện: Nhóm PV", "Nhóm PV", None),
        ("TIN, ẢNH: PHAN HÒA", "PHAN HÒA", None),
        ("Bài, ảnh: Sùng A Páo (Đồn Biên phòng Nậm Mu)", "Sùng A Páo", "Đồn Biên phòng Nậm Mu"),
    ],
)
@pytest.mark.parametrize("mark", [line, right], ids=["plain", "right"])
def test_line_that_says_news_or_pictures_by_names_the_author(
    text: str, author: str, affiliation: str | None, mark: object
) -> None:
    assert signed(mark(text)) == ([], SignOff(author, affiliation))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "credit"),
    [
        ("Theo Báo Hải Đăng", "Báo Hải Đăng"),
        ("(Theo Báo Hải Đăng)", "Báo Hải Đăng"),
        ("Theo: Báo Hải Đăng", "Báo Hải Đăng"),
        ("(Theo TTXVN)", "TTXVN"),
        ("Theo TTXVN/Vietnam+", "TTXVN/Vietnam+"),
        ("Nguồn: Báo Hải Đăng", "Báo Hải Đăng"),
        ("Nguồn Báo Hải Đăng", "Báo Hải Đăng"),
        ("Nguồn: Cổng TTĐT tỉnh", "Cổng TTĐT tỉnh"),
        ("Nguồn tin: Đài PT-TH tỉnh", "Đài PT-TH tỉnh"),
        ("Nguồn: haidang.example.vn", "haidang.example.vn"),
        ("Theo haidang.vn", "haidang.vn"),
        ("(haidang.vn)", "haidang.vn"),
        ("https://haidang.vn/", "https://haidang.vn/"),
        ("Trích từ Tạp chí Nông thôn", "Tạp chí Nông thôn"),
        ("Dẫn theo Báo Hải Đăng", "Báo Hải Đăng"),
    ],
)
@pytest.mark.parametrize("mark", [line, right], ids=["plain", "right"])
def test_source_credit_is_read(text: str, credit: str, mark: object) -> None:
    assert signed(mark(text)) == ([], SignOff(source_credit=credit))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "credit"),
    [
        ("Theo Báo Hải Đăng.", "Báo Hải Đăng"),
        ("(Theo Báo Quân đội nhân dân).", "Báo Quân đội nhân dân"),
        ("(Theo Báo Quân đội nhân dân.)", "Báo Quân đội nhân dân"),
        ("Nguồn: Cổng TTĐT tỉnh.", "Cổng TTĐT tỉnh"),
        ("Theo haidang.vn.", "haidang.vn"),
    ],
)
def test_source_credit_may_end_in_a_full_stop_where_no_sentence_could(text: str, credit: str) -> None:
    assert signed(line(text)) == ([], SignOff(source_credit=credit))


def test_small_letter_before_the_full_stop_is_no_matter_to_the_right() -> None:
    assert signed(right("Theo Báo Quân đội nhân dân.")) == ([], SignOff(source_credit="Báo Quân đội nhân dân"))


@pytest.mark.parametrize("text", ["TTXVN", "(TTXVN)", "VOV", "TTXVN/Vietnam+"])
def test_agency_signs_by_its_initials(text: str) -> None:
    assert signed(line(text)) == ([], SignOff(source_credit=text.strip("()")))


def test_author_with_a_source_in_brackets_gives_both() -> None:
    assert signed(right("Phan Hòa (Theo Báo Hải Đăng)")) == ([], SignOff("Phan Hòa", None, "Báo Hải Đăng"))


@pytest.mark.parametrize(
    "lines",
    [
        (right("Phan Hòa"), line("Theo Báo Hải Đăng")),
        (line("Theo Báo Hải Đăng"), right("Phan Hòa")),
        (line("Theo Báo Hải Đăng"), line("Phan Hòa")),
        (bold("Phan Hòa"), right("Nguồn: Báo Hải Đăng")),
    ],
    ids=["author first", "source first", "source first, both plain", "both marked"],
)
def test_author_and_source_on_two_lines_are_both_read(lines: tuple[Draft, ...]) -> None:
    assert signed(*lines) == ([], SignOff("Phan Hòa", None, "Báo Hải Đăng"))


def test_author_and_office_on_two_lines_are_both_read() -> None:
    assert signed(right("Phan Hòa"), right("Phòng Văn hóa và Thông tin")) == (
        [],
        SignOff("Phan Hòa", "Phòng Văn hóa và Thông tin"),
    )


def test_line_that_repeats_the_layouts_author_goes() -> None:
    body, found = read_sign_off([*BODY, right("Phan Hòa")], "Phan Hòa")
    assert (body, found.author) == (BODY, "Phan Hòa")


def test_another_name_than_the_layouts_author_stays() -> None:
    body, found = read_sign_off([*BODY, line("Sùng A Páo")], "Phan Hòa")
    assert (len(body), found.author) == (4, "Phan Hòa")


# -- what must not be taken -----------------------------------------------------------------------
SENTENCES = [
    "Theo kế hoạch, đợt lấy nước thứ hai bắt đầu ngày 20/1.",
    "Theo Ban Tổ chức, giải năm nay có 42 đội.",
    "Theo Ban Tổ chức, giải năm nay đông nhất từ trước tới nay",
    "Theo bà Pến, vụ này lãi gấp đôi.",
    "Theo Ban Quản lý rừng Nậm Mu mùa khô năm nay sẽ kéo dài",
    "Theo Ban Quản lý rừng Nậm Mu mùa khô năm nay sẽ kéo dài.",
    "Theo Sở Y tế, chưa có ca mắc mới.",
    "Theo Sở Y tế chưa có ca mắc mới.",
    "Theo Huyện đoàn Ba Vân chợ phiên vẫn họp...",
    "Theo Báo Hải Đăng thì chưa đâu…",
    "Theo Sở Y tế chưa có ca mắc nào.”",
    "Nguồn: Hồ Nậm Mu cạn rồi.”",
    "Theo đó, chợ phiên nghỉ hai tuần",
    "Theo ông Páo thì đường sẽ xong trước Tết.",
    "Nguồn: nước thô lấy từ hồ Nậm Mu.",
    "Nguồn nước đã trong trở lại",
    "Nguồn vốn: ngân sách huyện",
    "Nguồn: Hồ Nậm Mu cấp 60%, còn lại là giếng khoan.",
    "Trích từ quỹ khuyến học của dòng họ.",
    "Tin: bão sẽ tan trong đêm.",
    "Bài: Bèo dạt mây trôi, Lý cây đa, Inh lả ơi.",
    "Bà Pến cười.",
    "Xin cảm ơn ông!",
    "Xin trân trọng cảm ơn bà.",
    "Mời bạn đọc theo dõi tiếp bài sau.",
    "Công an tỉnh đang điều tra vụ việc.",
    "Ban Tổ chức trao 12 giải, gồm một giải nhất.",
    "Đồng Găng vào vụ mới",
    "Lặng.",
    "Giải nhất: Sùng A Páo",
    "Chủ nhiệm: Lường Thị Pến",
    "“Đất này không phụ người”",
    "Người đứng đầu thôn là Sùng A Páo",
    "Điện thoại: 0209 3888 112",
    "20/1/2023",
]


@pytest.mark.parametrize("text", SENTENCES)
def test_plain_last_line_that_is_no_sign_off_stays(text: str) -> None:
    assert signed(line(text)) == ([text], SignOff())


MARKED_SENTENCES = [
    "Tin: Hội Nông dân về tới Ba Vân.",
    "Sùng A Páo và Lường Thị Pến đoạt giải nhất toàn đoàn",
    "Sùng A Páo và Hội Nông dân huyện tặng 20 suất quà",
    "Theo Báo Hải Đăng thì chưa đâu...",
    "Theo Sở Y tế chưa có ca mắc nào.”",
    "Theo kế hoạch, đợt lấy nước thứ hai bắt đầu ngày 20/1.",
    "Theo Ban Tổ chức, giải năm nay có 42 đội.",
    "Nguồn: nước thô lấy từ hồ Nậm Mu.",
    "“Đất này không phụ người”, già làng nói.",
    "“Đất này không phụ người”",
    "Đất không phụ người!",
    "Giữ rừng là giữ lấy nguồn nước cho muôn đời sau",
    "Toàn dân chung tay xây dựng nông thôn mới",
    "Bài 2: Những người giữ đất",
    "(Còn nữa)",
    "Kỳ sau: Những người giữ đất",
    "Mời xem tiếp kỳ sau",
    "Xin cảm ơn ông!",
    "HẾT MÌNH VÌ CÔNG VIỆC, HẾT LÒNG VÌ NHÂN DÂN.",
]


@pytest.mark.parametrize("text", MARKED_SENTENCES)
@MARKS
def test_marked_last_line_that_is_no_sign_off_stays(text: str, mark: object) -> None:
    assert signed(mark(text)) == ([text], SignOff())  # type: ignore[operator]


@pytest.mark.parametrize(
    "text",
    ["Chung tay vì người nghèo", "Nói không với rác thải nhựa", "Chúc mừng năm mới", "Uống nước nhớ nguồn"],
)
@pytest.mark.parametrize("mark", [bold, lambda text: line(text, italic=True)], ids=["bold", "italic"])
def test_short_slogan_stays(text: str, mark: object) -> None:
    assert signed(mark(text)) == ([text], SignOff())  # type: ignore[operator]


@pytest.mark.parametrize("text", ["Những bước tiếp theo", "Giải pháp trước mắt", "Bài học rút ra", "Vào vụ mới"])
def test_heading_with_nothing_below_stays(text: str) -> None:
    heading = line(text, kind=BlockKind.HEADING, bold=True)
    assert signed(heading) == ([text], SignOff())


WINNERS = ["Sùng A Páo", "Lường Thị Pến", "H’Mai Niê"]


def test_list_of_winners_stays() -> None:
    assert signed(line("Các em đoạt giải gồm:"), *map(line, WINNERS)) == (
        ["Các em đoạt giải gồm:", *WINNERS],
        SignOff(),
    )


def test_list_of_winners_as_items_stays() -> None:
    items = [line(name, kind=BlockKind.ITEM) for name in WINNERS]
    assert signed(*items) == (WINNERS, SignOff())


def test_list_of_winners_with_their_schools_stays() -> None:
    names = ["Sùng A Páo (Trường THPT Ba Vân)", "Lường Thị Pến (Trường THPT Nậm Mu)"]
    assert signed(*map(line, names)) == (names, SignOff())


def test_winner_named_alone_below_a_colon_stays() -> None:
    assert signed(line("Giải nhất thuộc về:"), line("Sùng A Páo")) == (
        ["Giải nhất thuộc về:", "Sùng A Páo"],
        SignOff(),
    )


def test_byline_below_a_list_of_winners_is_read() -> None:
    items = [line(name, kind=BlockKind.ITEM) for name in WINNERS]
    assert signed(*items, right("Phan Hòa")) == (WINNERS, SignOff("Phan Hòa"))


def test_poets_name_amid_the_body_stays() -> None:
    body = [BODY[0], line("Mưa rơi\nBên suối\nEm về", kind=BlockKind.VERSE), right("Hoàng Mến"), BODY[1]]
    kept, found = read_sign_off(body)
    assert (kept, found) == (body, SignOff())


def test_sign_off_above_the_last_paragraph_stays() -> None:
    body = [BODY[0], right("Phan Hòa"), BODY[1]]
    assert read_sign_off(body) == (body, SignOff())


@pytest.mark.parametrize("text", ["Phan Hòa", "Theo Báo Hải Đăng", "TTXVN"])
def test_only_block_of_a_body_is_never_taken(text: str) -> None:
    assert read_sign_off([right(text)]) == ([right(text)], SignOff())


@pytest.mark.parametrize("kind", [BlockKind.CAPTION, BlockKind.ITEM, BlockKind.ROW])
def test_names_in_captions_items_and_rows_are_no_sign_off(kind: BlockKind) -> None:
    assert signed(line("Phan Hòa", kind=kind)) == (["Phan Hòa"], SignOff())


def test_photographer_is_the_author_only_where_nobody_else_signs() -> None:
    assert signed(right("Ảnh: Phan Hòa")) == ([], SignOff("Phan Hòa"))
    assert signed(right("Lê Anh"), right("Ảnh: Phan Hòa")) == ([], SignOff("Lê Anh"))


@pytest.mark.parametrize(
    "text",
    [
        "Ảnh: bà con thôn Đồng Găng thu hoạch cải bắp.",
        "Ảnh: tư liệu của bảo tàng huyện",
        "Ảnh cưới thời chiến",
    ],
)
def test_line_about_a_picture_that_names_nobody_stays(text: str) -> None:
    assert signed(line(text)) == ([text], SignOff())


# -- the line readers themselves -----------------------------------------------------------------
@pytest.mark.parametrize("text", ["", " ", ".", "()", "Nguồn:", "-", "Tin, ảnh:", "(", ")"])
def test_empty_shapes_say_nothing(text: str) -> None:
    for standing in Standing:
        assert read_credit(text, standing) is None
        assert read_byline(text, standing) == (None, None, None)


# -- byline nodes, in which labels stand in a row -------------------------------------------------
@pytest.mark.parametrize(
    ("byline", "parts"),
    [
        ("Tác giả: Hoàng Lan - Nguồn: Báo X", ["Tác giả: Hoàng Lan", "Nguồn: Báo X"]),
        ("Hoàng Lan (theo Nguồn tin: Báo X)", ["Hoàng Lan", "Nguồn tin: Báo X)"]),
        ("Theo Nguồn: baoX", ["Nguồn: baoX"]),
        ("Theo", []),
        ("Ảnh: Văn A", []),
        ("Clip, ảnh: Văn A", []),
        ("Đồ họa: Văn A", []),
        ("Bài: Hoàng Lan; Ảnh: Văn A", ["Bài: Hoàng Lan"]),
        ("Ảnh: Văn A – Bài: Hoàng Lan", ["Bài: Hoàng Lan"]),
        ("Thực hiện: Hoàng Lan – Nguồn ảnh: TTXVN", ["Thực hiện: Hoàng Lan"]),
        ("Tin, ảnh: Hoàng Lan - Minh An", ["Tin, ảnh: Hoàng Lan - Minh An"]),
        ("Nguồn: https://a.example/tin/", ["Nguồn: https://a.example/tin/"]),
    ],
)
def test_byline_is_cut_at_its_labels_and_pictures_are_left_out(byline: str, parts: list[str]) -> None:
    assert labelled(byline) == parts


@pytest.mark.parametrize(
    "text",
    [
        "Tác giả bài viết đã gửi toàn bộ nhuận bút cho quỹ khuyến học của xã.",
        "Tác giả bài viết: một cô giáo về hưu, người dạy lớp học đêm ở khu 3 suốt mười năm.",
        "Nguồn tin từ công an xã cho biết, đêm qua cầu treo đã đóng.",
        "Theo nguồn tin: cầu treo ở khu 3 đóng từ đêm qua.",
    ],
)
def test_last_sentence_that_begins_as_a_label_stays(text: str) -> None:
    assert signed(line(text)) == ([text], SignOff())


def test_source_named_amid_an_article_stays() -> None:
    told = ["Nguồn tin: Công an xã Hoa Lộc.", "Cầu treo đóng từ đêm qua, bà con qua sông bằng đò của thôn bên."]
    assert signed(*map(line, told)) == (told, SignOff())
