"""Furniture goes by its place or shape; the same words inside an article are news and stay."""

import pytest

from tests.crawler.helpers import NEWS, NEWS_HTML, TITLE, at, cleaned, no_hang

TOOL_LINES = {
    "views": "<p>Lượt xem: 270</p>",
    "views with dots": "<div>Số lượt xem: 1.270</div>",
    "views without colon": "<p>Lượt xem 88</p>",
    "number first": "<p>1.024 lượt xem</p>",
    "read count": "<p>Đã đọc: 310 lần</p>",
    "views in English": "<span>Views: 15</span>",
    "visits": "<p>Tổng lượt truy cập: 3.456.789</p>",
    "online": "<p>Đang online: 42</p>",
    "people online": "<p>Số người online: 42</p>",
    "spaced digits": "<p>Lượt truy cập: 8 632</p>",
    "rating labels": "<p>Đánh giá:</p><p>lượt đánh giá: , trung bình:</p>",
    "rating stars": "<div>☆☆☆☆☆ (12 lượt)</div>",
    "rating stars with label": "<div>Đánh giá: ★★★★☆</div>",
    "tool links": (
        "<p><a href='#yk'>Ý kiến bạn đọc</a> <a href='/gui'>Gửi ý kiến</a> <a href='/in'>In trang này</a></p>"
    ),
    "tool links divided": "<p><a href='/gui'>Gửi ý kiến</a> | <a href='javascript:in()'>In trang</a></p>",
    "print link": "<div><a href='/in?id=7'>In trang này</a></div>",
    "search field": "<p>Tìm kiếm: <input type='text' name='q'></p>",
    "search field and button": "<form>Tìm kiếm: <input name='q'><button>Tìm</button></form>",
    "search label": "<div>Tìm kiếm:</div>",
    "map link": "<div><a href='/ban-do.aspx'>Bản đồ thị xã</a></div>",
    "song link": "<p><a href='/ca-khuc.aspx'>Các ca khúc hay về quê hương</a></p>",
    "lone dots": "<p>.</p><p>.</p><p>,</p>",
    "dashes": "<p>---</p><p>* * *</p>",
}


@pytest.mark.parametrize("furniture", TOOL_LINES.values(), ids=TOOL_LINES)
@pytest.mark.parametrize("place", ["top", "end", "both"])
def test_tool_line_at_an_edge_goes(furniture: str, place: str) -> None:
    top = furniture if place in ("top", "both") else ""
    end = furniture if place in ("end", "both") else ""
    assert cleaned(top + NEWS_HTML + end) == list(NEWS)


def test_whole_heap_of_tool_lines_goes() -> None:
    assert cleaned(NEWS_HTML + "".join(TOOL_LINES.values())) == list(NEWS)


@pytest.mark.parametrize("furniture", ["<p>.</p>", "<p>,</p>", "<p>…</p>", "<p>&nbsp;</p>", "<p>•</p>"])
def test_lone_mark_goes_wherever_it_stands(furniture: str) -> None:
    assert cleaned(f"<p>{NEWS[0]}</p>{furniture}{furniture}<p>{NEWS[1]}</p>") == list(NEWS[:2])


SITE_LINKS = "".join(f"<li><a href='https://{n}.example/'>{n}</a></li>" for n in ("Sở Y tế", "Thư viện"))
BOXES = {
    "search field": "<p>Tìm theo ngày <input type='text' name='d'></p>",
    "comment form": "<form><p>Tên <input></p><p>Ý kiến <textarea></textarea><button>Gửi</button></p></form>",
    "poll": "<p>Bạn thích mục nào?<br><input type='radio'> Đất và người</p>",
    "links to other sites": f"<ul>{SITE_LINKS}</ul>",
    "sharing": "<p><a href='https://fb.example/s'>Chia sẻ</a> <a href='mailto:a@b.example'>Gửi thư</a></p>",
}


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
@pytest.mark.parametrize("place", [1, 3], ids=["middle", "end"])
def test_form_or_link_box_goes_wherever_it_stands(box: str, place: int) -> None:
    parts = [f"<p>{text}</p>" for text in NEWS]
    parts.insert(place, box)
    assert cleaned("".join(parts)) == list(NEWS)


def test_long_paragraph_with_a_button_in_it_stays() -> None:
    markup = f"<p>{NEWS[0]}</p><p>{NEWS[1]} <button>Nghe</button></p><p>{NEWS[2]}</p>"
    assert cleaned(markup) == list(NEWS)


SENTENCES = {
    "views": "Lượt xem cao nhất thuộc về đoạn phim giới thiệu hang Kiều: 270 nghìn.",
    "views and colon": "Lượt xem: chỉ tiêu mới của tổ truyền thông xã.",
    "number first": "1.024 lượt xem là con số mà cả tổ không ngờ tới.",
    "online": "Đang online, cô Hà giảng bài cho 42 em.",
    "online noun": "Đang online: lớp ôn thi của cô giáo bản Nà Ngần",
    "visits": "Tổng lượt truy cập thư viện số năm nay gấp ba năm ngoái.",
    "rating": "Đánh giá: mô hình hợp với đất đồi.",
    "printing": "In trang này mất hai phút, thợ in nói.",
    "opinions": "Ý kiến bạn đọc gửi về tòa soạn phần lớn tán thành.",
    "search": "Tìm kiếm: ba ngày, hai đêm.",
    "map": "Bản đồ thị xã được vẽ lại sau khi sáp nhập.",
    "song": "Các ca khúc hay về quê hương vang lên suốt đêm hội.",
    "one word": "Lặng.",
    "one word without a stop": "Lặng",
    "one letter": "Ừ.",
    "an answer in numbers": "– Thưa, 270.",
    "a number": "270",
}


@pytest.mark.parametrize("sentence", SENTENCES.values(), ids=SENTENCES)
@pytest.mark.parametrize("place", [0, 1, 3], ids=["top", "middle", "end"])
def test_sentence_with_a_tool_lines_words_stays(sentence: str, place: int) -> None:
    texts = [*NEWS[:place], sentence, *NEWS[place:]]
    assert cleaned("".join(f"<p>{text}</p>" for text in texts)) == texts


def test_counter_amid_the_text_stays_for_its_place_is_not_an_edge() -> None:
    texts = [NEWS[0], "Lượt xem: 270", NEWS[1]]
    assert cleaned("".join(f"<p>{text}</p>" for text in texts)) == texts


def test_interview_answer_that_ends_in_a_number_stays() -> None:
    asked, answered = "– Mỗi ngày đoạn phim có bao nhiêu lượt xem?", "– Dạ, lượt xem: 270"
    texts = [*NEWS, asked, answered]
    assert cleaned("".join(f"<p>{text}</p>" for text in texts)) == texts


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        pytest.param("Lịch cắt điện như sau:", "<ul><li>Thôn Nà Lại: từ 7 giờ đến 11 giờ.</li></ul>", id="list"),
        pytest.param("Phóng viên:", "<p>Vụ này bà con trồng giống gì?</p>", id="interview"),
        pytest.param(
            "Kết quả cụ thể:",
            "<table><tr><td>Nhất</td><td>Nà Lại</td></tr><tr><td>Nhì</td><td>Đồng Găng</td></tr></table>",
            id="table",
        ),
    ],
)
def test_label_that_introduces_what_follows_stays_at_the_top(first: str, rest: str) -> None:
    assert cleaned(f"<p>{first}</p>{rest}{NEWS_HTML}")[0] == first


@pytest.mark.parametrize(
    "heading", ["Tìm kiếm cứu nạn", "Ý kiến bạn đọc", "In trang này", "Bản đồ", "Lần 2", "Người thứ 100"]
)
@pytest.mark.parametrize("markup", ["<h3>{}</h3>", "<p><b>{}</b></p>"], ids=["h3", "bold"])
@pytest.mark.parametrize("place", [0, 1], ids=["top", "middle"])
def test_heading_with_a_tool_lines_words_stays_above_its_paragraph(heading: str, markup: str, place: int) -> None:
    parts = [f"<p>{text}</p>" for text in NEWS]
    parts.insert(place, markup.format(heading))
    assert cleaned("".join(parts)) == [*NEWS[:place], heading, *NEWS[place:]]


@pytest.mark.parametrize("text", ["Miến dong Nà Lại đạt hạng ★★★★ cấp tỉnh.", "Chè Đồng Găng: ★★★★★, cấp quốc gia."])
def test_stars_within_a_sentence_stay(text: str) -> None:
    assert cleaned(NEWS_HTML + f"<p>{text}</p>") == [*NEWS, text]


@pytest.mark.parametrize(
    "slide",
    [
        pytest.param("<p>No title... No title... No title...</p>", id="one line"),
        pytest.param("<div><img src='1.jpg'><span>No title...</span></div>" * 5, id="five slides"),
    ],
)
@pytest.mark.parametrize("place", ["top", "end"])
def test_titles_of_untitled_slides_go(slide: str, place: str) -> None:
    assert cleaned(slide + NEWS_HTML if place == "top" else NEWS_HTML + slide) == list(NEWS)


def test_alternative_text_of_pictures_is_never_text() -> None:
    slider = "<div><a href='/s1'><img src='1.jpg' alt='No title...'></a><img src='2.jpg' alt='Ảnh cờ động'></div>"
    assert cleaned(slider + NEWS_HTML + slider) == list(NEWS)


def test_song_named_no_title_in_a_sentence_stays() -> None:
    text = "Bài dự thi mang tên No title... của em Páo được giải nhì."
    assert cleaned(NEWS_HTML + f"<p>{text}</p>") == [*NEWS, text]


@pytest.mark.parametrize(
    "line", ["." * 60 + ", ngày ... tháng ... năm ...", "—" * 60 + " o0o " + "—" * 60, "… " * 200 + "x"]
)
@pytest.mark.parametrize("place", ["top", "end"])
def test_dotted_line_to_write_on_stays_and_does_not_hang(line: str, place: str) -> None:
    markup = f"<p>{line}</p>"
    with no_hang():
        texts = cleaned(markup + NEWS_HTML if place == "top" else NEWS_HTML + markup)
    assert texts == ([line, *NEWS] if place == "top" else [*NEWS, line])


@pytest.mark.parametrize(
    "text",
    [
        "Một hai, một hai, một hai, một hai, một!",
        "Đồng Găng, Đồng Găng.",
        "Rừng xanh, rừng xanh, rừng xanh mãi",
        "Ai? Ai? Ai?",
        "Nước về! Nước về! Nước về!",
    ],
)
def test_words_called_out_again_and_again_stay(text: str) -> None:
    assert cleaned(NEWS_HTML + f"<p>{text}</p>") == [*NEWS, text]


@pytest.mark.parametrize("last", ["100 | 100 | 100", "Đạt | Đạt | Đạt"])
def test_last_row_of_a_table_that_says_the_same_in_each_cell_stays(last: str) -> None:
    cells = "".join(f"<td>{cell}</td>" for cell in last.split(" | "))
    table = f"<table><tr><td>Xã</td><td>Thôn</td><td>Bản</td></tr><tr>{cells}</tr></table>"
    assert cleaned(NEWS_HTML + table) == [*NEWS, "Xã | Thôn | Bản", last]


def test_select_is_never_text() -> None:
    box = "<p>Liên kết website <select><option>Sở Y tế</option><option>Huyện Ba Vân</option></select></p>"
    assert all("Sở Y tế" not in text for text in cleaned(NEWS_HTML + box))


# -- related lists ---------------------------------------------------------------------------------
A, B, C = (
    f"<a href='/tin/{slug}-{key}.html'>{text}</a>"
    for slug, key, text in (
        ("mo-duong", 700102, "Mở đường vào xã Thẳm Phé trước mùa mưa"),
        ("trao-bo", 700103, "Trao mười con bò giống cho hộ nghèo"),
        ("lop-hoc", 700104, "Lớp học xóa mù chữ sáng đèn ở bản Sin Cai"),
    )
)
SHORT = "<a href='/tin/tho-700105.html'>Bài thơ</a>"
RELATED = {
    "list under a heading": f"<h4>Tin liên quan</h4><ul><li>{A}</li><li>{B}</li><li>{C}</li></ul>",
    "list under bold words": (
        f"<p><strong>Các tin liên quan đến bài viết này</strong></p><ul><li>{A}</li><li>{B}</li></ul>"
    ),
    "label and paragraphs": f"<p>Tin cùng chuyên mục:</p><p>{A}</p><p>{B}</p>",
    "with days": f"<p>Các tin khác</p><ul><li>{A} (14/10)</li><li>{B} (12/10)</li></ul>",
    "arrows": f"<p>&gt;&gt; {A}</p><p>» {B}</p>",
    "one line that says see also": f"<p>Xem thêm: {A}</p>",
    "short headlines with days": f"<h4>Tin liên quan</h4><ul><li>{SHORT} (14/10/2022)</li><li>08:30, {SHORT}</li></ul>",
    "one short headline that a label heads": f"<p>&gt;&gt; Xem thêm: {SHORT} (14/10)</p>",
    "one short headline with its day": f"<p>{SHORT} (14/10/2022)</p>",
    "divided by br": (f"<div><b>Tin đã đưa</b><br>- {A} (14/10/2022)<br>- {B} (12/10/2022)<br>- {C} (1/10/2022)</div>"),
    "table box": f"<table><tr><td>Tin liên quan</td></tr><tr><td>{A}</td></tr><tr><td>{B}</td></tr></table>",
    "absolute addresses": f"<ul><li>{A}</li><li>{B}</li></ul>".replace("='/", "='https://bao.example/"),
}


@pytest.mark.parametrize("box", RELATED.values(), ids=RELATED)
@pytest.mark.parametrize("place", [1, 3], ids=["middle", "end"])
def test_related_list_goes_with_its_heading(box: str, place: int) -> None:
    parts = [f"<p>{text}</p>" for text in NEWS]
    parts.insert(place, box)
    assert cleaned("".join(parts)) == list(NEWS)


def test_paragraph_that_contains_a_link_to_an_article_stays() -> None:
    text = f"Trước đó, như báo đã đưa trong bài {A}, xã Thẳm Phé bị chia cắt hơn một tuần vì sạt lở."
    stays = text.replace(A, "Mở đường vào xã Thẳm Phé trước mùa mưa")
    assert cleaned(f"<p>{NEWS[0]}</p><p>{text}</p><p>{NEWS[2]}</p>") == [NEWS[0], stays, NEWS[2]]


def test_paragraph_above_a_related_list_stays_if_it_ends_a_sentence() -> None:
    last = "Bà con đang chờ đường mới."
    assert cleaned(f"{NEWS_HTML}<p>{last}</p><ul><li>{A}</li><li>{B}</li></ul>") == [*NEWS, last]


def test_list_without_links_stays_under_the_very_same_heading() -> None:
    items = ["Trồng thêm hai héc-ta su hào.", "Lắp giàn tưới phun ở khu ruộng cao."]
    markup = NEWS_HTML + "<h4>Tin liên quan</h4><ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"
    assert cleaned(markup) == [*NEWS, "Tin liên quan", *items]


def test_link_to_the_article_itself_is_not_related() -> None:
    text = "Đường dẫn ngắn tới bài viết dài kỳ về rau an toàn ở thôn Đồng Găng và những người giữ đất"
    linked = f"<p><a href='/tin/dong-gang-700001.html'>{text}</a> đã được nhiều người chia sẻ lại.</p>"
    assert cleaned(NEWS_HTML + linked) == [*NEWS, f"{text} đã được nhiều người chia sẻ lại."]


@pytest.mark.parametrize("place", [1, 3], ids=["middle", "end"])
def test_list_of_documents_stays(place: int) -> None:
    items = ["Kế hoạch số 12/KH-UBND về lấy nước vụ xuân", "Phụ lục danh sách các hồ chứa", "Mẫu đơn đăng ký"]
    documents = (
        "<ul>" + "".join(f"<li><a href='/tep/{n}.pdf'>{item}</a></li>" for n, item in enumerate(items)) + "</ul>"
    )
    parts = [f"<p>{text}</p>" for text in NEWS]
    parts.insert(place, documents)
    assert cleaned("".join(parts)) == [*NEWS[:place], *items, *NEWS[place:]]


# -- captions --------------------------------------------------------------------------------------
PICTURE = "<p style='text-align:center'><img src='a.jpg' alt=''></p>"
CAPTION = "Bà con thôn Đồng Găng thu hoạch cải bắp."
TWICE = {
    "two paragraphs": (
        f"{PICTURE}<p style='text-align:center'>{CAPTION}</p><p style='text-align:center'>{CAPTION}</p>"
    ),
    "picture table": (
        f"<table><tr><td><img src='a.jpg'></td></tr><tr><td>{CAPTION}</td></tr><tr><td>{CAPTION}</td></tr></table>"
    ),
    "one cell": (f"<table><tr><td><img src='a.jpg'><p>{CAPTION}</p><p><em>{CAPTION}</em></p></td></tr></table>"),
    "caption, then plain": (f"<figure><img src='a.jpg'><figcaption>{CAPTION}</figcaption></figure><p>{CAPTION}</p>"),
    "other full stop": (f"<figure><img src='a.jpg'><figcaption>{CAPTION[:-1]}</figcaption></figure><p>{CAPTION}</p>"),
}


@pytest.mark.parametrize("markup", TWICE.values(), ids=TWICE)
def test_caption_said_twice_is_kept_once(markup: str) -> None:
    texts = cleaned(f"<p>{NEWS[0]}</p>{markup}<p>{NEWS[1]}</p>")
    assert [text.rstrip(".") for text in texts] == [
        NEWS[0].rstrip("."),
        CAPTION.rstrip("."),
        NEWS[1].rstrip("."),
    ]


def test_refrain_said_twice_stays_twice() -> None:
    refrain = "Ơi con suối Nậm Mu!"
    texts = [NEWS[0], refrain, refrain, NEWS[1], refrain]
    assert cleaned("".join(f"<p>{text}</p>" for text in texts)) == texts


def test_same_caption_under_two_pictures_apart_stays_twice() -> None:
    figure = f"<figure><img src='a.jpg'><figcaption>{CAPTION}</figcaption></figure>"
    assert cleaned(f"{figure}<p>{NEWS[0]}</p>{figure}<p>{NEWS[1]}</p>") == [
        CAPTION,
        NEWS[0],
        CAPTION,
        NEWS[1],
    ]


@pytest.mark.parametrize("href", ["", "#", "#top", "/", "javascript:void(0)"])
def test_last_line_that_ends_in_a_link_to_nothing_goes(href: str) -> None:
    line = f"<p>Mời xem thêm hình ảnh <a href='{href}'>ở đây</a></p>"
    assert cleaned(NEWS_HTML + line) == list(NEWS)


@pytest.mark.parametrize(
    ("line", "stays"),
    [
        ("<p>Mời xem thêm hình ảnh ở đây</p>", "Mời xem thêm hình ảnh ở đây"),
        ("<p>Mời xem thêm hình ảnh <a href='/anh/12'>ở đây</a></p>", "Mời xem thêm hình ảnh ở đây"),
        ("<p>Xem <a href='#'>ở đây</a> bức ảnh của thôn.</p>", "Xem ở đây bức ảnh của thôn."),
        ("<p>Tin và ảnh: <a href='#'>Lò Văn Páo</a></p>", "Tin và ảnh: Lò Văn Páo"),
    ],
)
def test_last_line_that_leads_somewhere_says_more_or_names_somebody_stays(line: str, stays: str) -> None:
    assert cleaned(NEWS_HTML + line) == [*NEWS, stays]


def test_line_that_links_to_nothing_stays_amid_the_text_and_alone() -> None:
    line = "<p>Mời xem thêm hình ảnh <a href='#'>ở đây</a></p>"
    assert cleaned(line) == ["Mời xem thêm hình ảnh ở đây"]
    assert cleaned(line + NEWS_HTML)[0] == "Mời xem thêm hình ảnh ở đây"


def test_caption_at_an_edge_is_no_tool_line() -> None:
    figure = (
        "<figure><img src='a.jpg'><figcaption><a href='/anh/lon.jpg'>Ảnh: Đồng Găng vào vụ</a></figcaption></figure>"
    )
    assert cleaned(NEWS_HTML + figure) == [*NEWS, "Ảnh: Đồng Găng vào vụ"]


# -- header lines ----------------------------------------------------------------------------------
PUBLISHED = at("2023-03-12T14:05")
LEAD = "Lứa cải bắp cuối vụ của thôn Đồng Găng bán hết ngay tại ruộng, người trồng lãi gấp đôi năm ngoái."
HEADER = {
    "title": f"<h2>{TITLE}</h2>",
    "title in capitals": f"<p><b>{TITLE.upper()}</b></p>",
    "lead": f"<p><strong>{LEAD}</strong></p>",
    "title and lead": f"<p>{TITLE}</p><p>{LEAD}</p>",
    "date line": "<p>Cập nhật: Chủ nhật 12/03/2023 - 14:05</p>",
    "date line with zone": "<p>Chủ Nhật, 12/03/2023, 14:05 [GMT+7]</p>",
    "title, date line, lead": f"<p>{TITLE}</p><p>12/03/2023 14:05</p><p>{LEAD}</p>",
}


@pytest.mark.parametrize("header", HEADER.values(), ids=HEADER)
def test_title_date_and_lead_said_again_at_the_top_go(header: str) -> None:
    assert cleaned(header + NEWS_HTML, lead=LEAD, published=PUBLISHED) == list(NEWS)


@pytest.mark.parametrize(
    "first",
    [
        pytest.param("Ngày 12/3/2023, xã Ba Vân họp bàn việc lấy nước.", id="a sentence that names the day"),
        pytest.param("14 giờ 05 ngày 12/3/2023, còi báo động vang lên khắp xã.", id="a sentence that names the minute"),
        pytest.param("Bài 1: Đồng Găng được mùa cải bắp", id="a heading that holds the title"),
        pytest.param("12/3/2023", id="a day alone"),
        pytest.param("13/03/2023 14:05", id="another day's minute"),
    ],
)
def test_first_paragraph_that_names_the_day_stays(first: str) -> None:
    assert cleaned(f"<p>{first}</p>{NEWS_HTML}", lead=LEAD, published=PUBLISHED) == [first, *NEWS]


def test_title_and_lead_said_again_further_down_stay() -> None:
    texts = [NEWS[0], TITLE, LEAD, NEWS[1]]
    assert cleaned("".join(f"<p>{text}</p>" for text in texts), lead=LEAD) == texts


# -- the rest of a body ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "last",
    [
        "Mọi thông tin xin liên hệ số điện thoại 0209 3888 112.",
        "Đường dây nóng: 0209.3888.112",
        "Điện thoại: 0209 3888 112",
        "ĐT: 0209.3888.112 (gặp ông Pảo)",
        "Thư điện tử: raudonggang@bao.example",
        "Số tài khoản: 1020 3040 5060",
    ],
)
def test_contact_line_that_ends_a_notice_stays(last: str) -> None:
    assert cleaned(f"{NEWS_HTML}<p>{last}</p>") == [*NEWS, last]


def test_verse_of_one_word_lines_stays() -> None:
    assert cleaned(f"<p>{NEWS[0]}</p><p>Mưa<br>Rơi<br>Lặng</p><p>{NEWS[1]}</p>") == [
        NEWS[0],
        "Mưa\nRơi\nLặng",
        NEWS[1],
    ]


def test_empty_body_gives_nothing() -> None:
    assert cleaned("<p>.</p><p>&nbsp;</p>") == []


def test_body_of_one_short_sentence_stays() -> None:
    assert cleaned("<p>Chợ phiên Ba Vân nghỉ họp hai tuần.</p>") == ["Chợ phiên Ba Vân nghỉ họp hai tuần."]


@pytest.mark.parametrize("source", ["Theo Báo Sông Ngàn", "(Theo TTXVN)", "Nguồn: songngan.vn"])
def test_source_that_links_to_where_the_article_is_from_is_no_tool_line(source: str) -> None:
    assert cleaned(NEWS_HTML + f'<div><a href="https://songngan.vn/">{source}</a></div>') == [*NEWS, source]


@pytest.mark.parametrize("tool", ["Theo dõi Báo Sông Ngàn trên mạng", "Nguồn cấp tin RSS"])
def test_tool_line_that_begins_as_sources_do_goes(tool: str) -> None:
    assert cleaned(NEWS_HTML + f'<div><a href="https://songngan.vn/">{tool}</a></div>') == list(NEWS)
