"""Bodies as editors left them become plain blocks: every word once, none lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.article import BlockKind
from tests.crawler.helpers import blocks_of, simplified

P, H, LI, CAPTION, ROW, VERSE = (
    BlockKind.PARAGRAPH,
    BlockKind.HEADING,
    BlockKind.ITEM,
    BlockKind.CAPTION,
    BlockKind.ROW,
    BlockKind.VERSE,
)

LONG_A = "Từ sáng sớm, hơn trăm người dân hai bản đã có mặt ở bãi sỏi bên suối để góp công đắp lại đoạn kè vỡ."
LONG_B = "Đến trưa, mười hai rọ đá đầu tiên đã nằm đúng chỗ, nước suối không còn xói vào chân ruộng nữa."


def block(markup: str, *expected: tuple[BlockKind, str], captions: str = "") -> None:
    assert blocks_of(markup, captions) == list(expected)


# -- paragraphs ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "markup",
    [
        "<p>{a}</p><p>{b}</p>",
        "<div>{a}</div><div>{b}</div>",
        "{a}<br><br>{b}",
        "{a}<br/>\n<br/>{b}<br><br><br>",
        "<p>{a}<br>&nbsp;<br>{b}</p>",
        "<p>{a}<br>{b}</p>",
        "<p>{a}<p>{b}",
        "{a}<p>{b}</p>",
        "<p>{a}</p>{b}",
        "<div><div><div>{a}</div></div>{b}</div>",
        "<span>{a}</span><div>{b}</div>",
        "<center><font>{a}</font></center><blockquote>{b}</blockquote>",
        "<p>{a}</p><p>&nbsp;</p><p></p><p><br></p><p><o:p>&nbsp;</o:p></p><p>{b}</p>",
        "<section><article>{a}</article></section><footer>{b}</footer>",
        "<p>{a}</p><script>var x = 'ẩn';</script><style>p {{}}</style><!-- ẩn --><p>{b}</p>",
        ("<p>{a}</p><noscript>ẩn</noscript><svg><text>ẩn</text></svg><select><option>ẩn</option></select><p>{b}</p>"),
        "<p>{a}</p><div style='display: none'>ẩn</div><p style='x:y;DISPLAY:none'>ẩn</p><p>{b}</p>",
        "<p>{a}</p><nav>ẩn</nav><aside>ẩn</aside><template>ẩn</template><p>{b}</p>",
        "<p>{a}</p><iframe>ẩn</iframe><textarea>ẩn</textarea><button>ẩn</button><p>{b}</p>",
        "<p>{a}</p><details><p>{b}</p></details>",
        "<dl><dt>{a}</dt><dd>{b}</dd></dl>",
        "<pre>{a}</pre><pre>{b}</pre>",
        "<table><tr><td>{a}</td></tr><tr><td>{b}</td></tr></table>",
        "<table><tr><td><p>{a}</p><p>{b}</p></td></tr></table>",
    ],
)
def test_two_paragraphs_are_read_from(markup: str) -> None:
    assert blocks_of(markup.format(a=LONG_A, b=LONG_B)) == [(P, LONG_A), (P, LONG_B)]


@pytest.mark.parametrize(
    "hidden",
    ["<div hidden>ẩn</div>", "<p style='visibility:hidden'>ẩn</p>", "<input type='hidden' value='ẩn'>"],
)
def test_what_a_reader_cannot_see_is_no_text(hidden: str) -> None:
    block(f"<p>{LONG_A}</p>{hidden}<p>{LONG_B}</p>", (P, LONG_A), (P, LONG_B))


def test_words_after_a_skipped_element_stay() -> None:
    block("<p>Trước <script>1</script>giữa <select><option>x</option></select>sau.</p>", (P, "Trước giữa sau."))


@pytest.mark.parametrize(
    "markup",
    [
        "<p>Mức hỗ tr<span lang='EN-US'>ợ</span> cho ng<b></b>ười dân</p>",
        "<p><font><font>Mức hỗ tr</font></font><font>ợ cho người</font> dân</p>",
        ("<p><span>Mức</span><span style='mso-spacerun:yes'>&nbsp;</span><span>hỗ trợ cho người dân</span></p>"),
        "<p>Mức\n   hỗ\ttrợ cho<o:p></o:p> người dân</p>",
        "<p>Mức hỗ tr<!-- x -->ợ cho người dân</p>",
        "<p>Mức hỗ tr\u200bợ cho người dân\u00ad</p>",
        "<p>Mức <a href='/a'>hỗ tr</a>ợ cho <u>ng</u><i>ười</i> dân</p>",
        "<p>Mức hỗ tr<wbr>ợ cho người dân</p>",
        "<p>Mức hỗ trợ cho ngu<font>\u031bo\u031b\u0300i</font> dân</p>",
    ],
)
def test_word_split_by_markup_is_whole_again(markup: str) -> None:
    block(markup, (P, "Mức hỗ trợ cho người dân"))


# -- verse -----------------------------------------------------------------------------------------
POEM = (
    "Suối về qua bản chiều nay",
    "Mang theo tiếng mõ của bầy trâu đi",
    "Em ngồi bện lại đường kim",
    "Áo ai còn dở bên thềm cỏ xanh",
)


def test_short_lines_are_one_stanza() -> None:
    block("<p>" + "<br>".join(POEM) + "</p>", (VERSE, "\n".join(POEM)))


def test_empty_line_divides_stanzas() -> None:
    first, second = "\n".join(POEM), "\n".join(POEM[::-1])
    block("<p>" + "<br>".join([*POEM, "", *POEM[::-1]]) + "</p>", (VERSE, first), (VERSE, second))


def test_couplet_in_italics_is_verse() -> None:
    block(f"<p><em>{POEM[0]}<br>{POEM[1]}</em></p>", (VERSE, f"{POEM[0]}\n{POEM[1]}"))


def test_two_line_address_is_no_verse() -> None:
    block(
        "<p>Ủy ban nhân dân xã Ba Vân<br>Điện thoại: 0209 3888 112</p>",
        (P, "Ủy ban nhân dân xã Ba Vân"),
        (P, "Điện thoại: 0209 3888 112"),
    )


def test_long_lines_divided_by_br_are_paragraphs() -> None:
    block(f"<p>{LONG_A}<br>{LONG_B}<br>{LONG_A}</p>", (P, LONG_A), (P, LONG_B), (P, LONG_A))


def test_one_long_line_makes_no_verse() -> None:
    block(f"<div>Ông kể:<br>{LONG_A}<br>Rồi ông im.</div>", (P, "Ông kể:"), (P, LONG_A), (P, "Rồi ông im."))


# -- headings, lists -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "markup",
    [
        "<h2>Giữ lấy mạch nước</h2>",
        "<h5><a name='x'></a>Giữ lấy mạch nước</h5>",
        "<p><strong>Giữ lấy mạch nước</strong></p>",
        "<p><b>Giữ lấy</b> <b>mạch nước</b></p>",
        "<div><span style='font-weight: 700'>Giữ lấy mạch nước</span></div>",
    ],
)
def test_heading_is_told_by_its_tag_or_by_bold(markup: str) -> None:
    block(f"{markup}<p>{LONG_A}</p>", (H, "Giữ lấy mạch nước"), (P, LONG_A))


@pytest.mark.parametrize(
    "markup",
    [
        "<p><b>Giữ lấy mạch nước.</b></p>",
        "<p><b>Giữ lấy</b> mạch nước</p>",
        "<p style='font-weight:400'>Giữ lấy mạch nước</p>",
        "<p style='text-align:right'><b>Giữ lấy mạch nước</b></p>",
        "<p><b>" + " ".join(["nước"] * 26) + "</b></p>",
    ],
    ids=["full stop", "half bold", "normal weight", "to the right", "too long"],
)
def test_paragraph_is_no_heading(markup: str) -> None:
    assert [kind for kind, _ in blocks_of(f"{markup}<p>{LONG_A}</p>")] == [P, P]


@pytest.mark.parametrize(
    "markup",
    [
        "<ul><li>Đất</li><li>Nước</li></ul>",
        "<ol><li><p>Đất</p></li><li><span>Nước</span></li></ol>",
        "<ul><li>Đất<li>Nước</ul>",
        "<ul><li>Đất<ul><li>Nước</li></ul></li></ul>",
        "<ul><li></li><li>Đất</li><li>&nbsp;</li><li><b>Nước</b></li></ul>",
    ],
    ids=["list", "paragraphs in items", "unclosed", "nested", "empty items"],
)
def test_items_are_read(markup: str) -> None:
    block(markup, (LI, "Đất"), (LI, "Nước"))


# -- pictures --------------------------------------------------------------------------------------
IMG = "<img src='a.jpg' alt='Không phải chữ'>"
CAPTIONED = {
    "figure": f"<figure>{IMG}<figcaption>Kè mới bên suối.</figcaption></figure>",
    "figcaption with a paragraph": f"<figure>{IMG}<figcaption><p>Kè mới bên suối.</p></figcaption></figure>",
    "centred below": (f"<p style='text-align:center'>{IMG}</p><p style='text-align: center;'>Kè mới bên suối.</p>"),
    "italic below": f"<p>{IMG}</p><p><em>Kè mới bên suối.</em></p>",
    "italic by style": f"<p>{IMG}</p><p><span style='font-style:italic'>Kè mới bên suối.</span></p>",
    "same paragraph": f"<p align='center'>{IMG}<br><i>Kè mới bên suối.</i></p>",
    "center element": f"<center>{IMG}<br>Kè mới bên suối.</center>",
    "picture, empty line, caption": f"<p>{IMG}</p><p>&nbsp;</p><p><i>Kè mới bên suối.</i></p>",
    "table of two rows": f"<table><tr><td>{IMG}</td></tr><tr><td>Kè mới bên suối.</td></tr></table>",
    "table of one cell": f"<table align='center'><tr><td>{IMG}<br>Kè mới bên suối.</td></tr></table>",
    "caption element": f"<table><caption>Kè mới bên suối.</caption><tr><td>{IMG}</td></tr></table>",
    "linked picture": (
        f"<p style='text-align:center'><a href='lon.jpg'>{IMG}</a></p><p style='text-align:center'>Kè mới bên suối.</p>"
    ),
}


@pytest.mark.parametrize("markup", CAPTIONED.values(), ids=CAPTIONED)
def test_caption_is_told_by_its_place(markup: str) -> None:
    block(f"<p>{LONG_A}</p>{markup}<p>{LONG_B}</p>", (P, LONG_A), (CAPTION, "Kè mới bên suối."), (P, LONG_B))


def test_node_that_the_layout_names_is_a_caption() -> None:
    block(
        f"<p>{LONG_A}</p><div class='chu'>Kè mới.</div><p>{LONG_B}</p>",
        (P, LONG_A),
        (CAPTION, "Kè mới."),
        (P, LONG_B),
        captions=".chu",
    )


def test_inline_caption_beside_a_picture_is_a_block_of_its_own() -> None:
    block(
        f"<p>{IMG}<span class='chu'>Kè mới.</span>{LONG_B}</p>",
        (CAPTION, "Kè mới."),
        (P, LONG_B),
        captions=".chu",
    )


@pytest.mark.parametrize(
    "markup",
    [
        f"<p>{IMG}</p><p>{LONG_A}</p>",
        f"<p>{IMG}{LONG_A}</p>",
        f"<p><img src='a.jpg' align='left'>{LONG_A}</p>",
        f"<p style='text-align:justify'>{IMG}<br>{LONG_A}</p>",
    ],
)
def test_plain_paragraph_beside_a_picture_is_no_caption(markup: str) -> None:
    block(markup, (P, LONG_A))


def test_only_the_words_right_after_a_picture_are_its_caption() -> None:
    block(
        f"<p>{IMG}</p><p><i>Kè mới.</i></p><p><i>Bà con nói: mừng lắm.</i></p>",
        (CAPTION, "Kè mới."),
        (P, "Bà con nói: mừng lắm."),
    )


def test_centred_words_far_from_any_picture_are_no_caption() -> None:
    block(f"<p>{IMG}</p><p>{LONG_A}</p><p style='text-align:center'>* Hết *</p>", (P, LONG_A), (P, "* Hết *"))


def test_pictures_and_players_are_counted() -> None:
    found = simplified(f"{IMG}<table><tr><td>{IMG}</td></tr></table><iframe src='v'></iframe><video></video>")
    assert (found.pictures, found.embeds) == (2, 2)


# -- tables ----------------------------------------------------------------------------------------
DATA = (
    "<tr><th>Xã</th><th>Số hộ</th></tr><tr><td>Ba Vân</td><td>112</td></tr><tr><td><p>"
    "Nậm Mu</p></td><td><b>98</b><br>(tạm tính)</td></tr>"
)


@pytest.mark.parametrize(
    "wrap",
    ["<table>{}</table>", "<table><tbody>{}</tbody></table>", "<div><table border='1'>{}</table></div>"],
)
def test_data_table_is_read_by_rows(wrap: str) -> None:
    block(wrap.format(DATA), (ROW, "Xã | Số hộ"), (ROW, "Ba Vân | 112"), (ROW, "Nậm Mu | 98 (tạm tính)"))


def test_empty_cell_keeps_its_column() -> None:
    markup = "<table><tr><td>Xã</td><td>Lúa</td><td>Ngô</td></tr><tr><td>Ba Vân</td><td></td><td>12</td></tr></table>"
    block(markup, (ROW, "Xã | Lúa | Ngô"), (ROW, "Ba Vân | | 12"))


def test_words_of_a_cell_keep_their_order_and_their_links() -> None:
    cell = "<td><b>Ba <i>Vân</i></b> (cũ) <a href='/x'><span>bản <u>đồ</u></span></a> mới</td>"
    found = simplified(f"<table><tr><td>Xã</td><td>Hộ</td></tr><tr>{cell}<td>112</td></tr></table>").drafts
    assert [(draft.kind, draft.text) for draft in found] == [(ROW, "Xã | Hộ"), (ROW, "Ba Vân (cũ) bản đồ mới | 112")]
    assert "".join(run.text for run in found[1].runs if run.href) == "bản đồ"


def test_empty_row_is_left_out() -> None:
    block(
        f"<table>{DATA}<tr><td></td><td>&nbsp;</td></tr></table>",
        (ROW, "Xã | Số hộ"),
        (ROW, "Ba Vân | 112"),
        (ROW, "Nậm Mu | 98 (tạm tính)"),
    )


def test_caption_of_a_data_table_is_not_lost() -> None:
    assert (CAPTION, "Số hộ theo xã") in blocks_of(f"<table><caption>Số hộ theo xã</caption>{DATA}</table>")


@pytest.mark.parametrize(
    "markup",
    [
        "<table><tr><td>{a}</td><td><table><tr><td>{b}</td></tr></table></td></tr></table>",
        "<table><tr><td>{a}</td><td>{b}</td></tr></table>",
        "<table><tr><td><table><tr><td>{a}</td></tr><tr><td>{b}</td></tr></table></td></tr></table>",
    ],
    ids=["nested", "two columns", "frame in a frame"],
)
def test_layout_table_arranges_paragraphs(markup: str) -> None:
    block(markup.format(a=LONG_A, b=LONG_B), (P, LONG_A), (P, LONG_B))


def test_hidden_cell_of_a_data_table_is_no_text() -> None:
    markup = (
        "<table><tr><td>Xã</td><td>Hộ</td></tr><tr><td>Ba Vân<script>1</script></td><td>"
        "112<span style='display:none'>ẩn</span></td></tr></table>"
    )
    block(markup, (ROW, "Xã | Hộ"), (ROW, "Ba Vân | 112"))


def test_words_between_rows_of_pictures_stay() -> None:
    markup = f"<table><tr><td>{IMG}</td><td>{IMG}</td></tr><tr><td>Trước.</td><td>Sau.</td></tr></table>"
    block(markup, (CAPTION, "Trước."), (CAPTION, "Sau."))


# -- properties of a draft -------------------------------------------------------------------------
def test_share_of_linked_letters_and_the_links_are_told() -> None:
    [draft] = simplified("<p>abcd <a href='/x'>efgh</a> <a href='/x'>ij</a><a href='/y'>kl</a>?</p>").drafts
    assert (draft.linked, draft.hrefs) == (8 / 12, ("/x", "/y"))


def test_form_controls_are_noted_but_hidden_ones_are_not() -> None:
    shown, hidden = simplified("<p>Tìm: <input name='q'></p><p>Xã <input type='hidden'></p>").drafts
    assert (shown.control, hidden.control) == (True, False)


@pytest.mark.parametrize(
    ("markup", "align"),
    [
        ("<p align=right>x</p>", "right"),
        ("<div style='text-align:right'><p>x</p></div>", "right"),
        ("<div style='text-align:right'><p style='text-align:left'>x</p></div>", ""),
        ("<center>x</center>", "center"),
        ("<p style='text-align:justify'>x</p>", ""),
    ],
)
def test_alignment_is_inherited(markup: str, align: str) -> None:
    assert [draft.align for draft in simplified(markup).drafts] == [align]


# -- any nesting -----------------------------------------------------------------------------------
TAGS = st.sampled_from(
    [
        "p",
        "div",
        "span",
        "b",
        "i",
        "em",
        "strong",
        "a",
        "font",
        "u",
        "ul",
        "ol",
        "li",
        "h2",
        "h3",
        "blockquote",
        "center",
        "figure",
        "figcaption",
        "section",
        "pre",
    ]
)
WRAP = st.sampled_from(
    [
        "",
        " align='center'",
        " style='text-align:right'",
        " style='font-weight:bold'",
        " href='/x'",
        " class='k'",
    ]
)


@st.composite
def nested(draw: st.DrawFn, depth: int = 4) -> str:
    """Markup of random nesting in which every word is a number that occurs once."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from([" @ ", "@", " @ @ ", "<br>", "<br><br>", IMG, "&nbsp;", "", "<input>", "<hr>"]))
    children = st.lists(nested(depth - 1), max_size=4)
    if draw(st.integers(0, 5)) == 0:
        rows = draw(st.lists(st.lists(children.map("".join), min_size=1, max_size=3), min_size=1, max_size=3))
        cells = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
    tag, attributes = draw(TAGS), draw(WRAP)
    inner = "".join(draw(children))
    return f"<{tag}{attributes}>{inner}" + (f"</{tag}>" if draw(st.integers(0, 9)) else "")


def numbered(markup: str) -> tuple[str, list[str]]:
    words: list[str] = []

    def name(_: re.Match[str]) -> str:
        words.append(f"w{len(words)}w")
        return words[-1]

    return re.sub("@", name, markup), words


@given(st.lists(nested(), min_size=1, max_size=5))
def test_any_nesting_gives_every_word_once_and_in_order(parts: list[str]) -> None:
    markup, words = numbered("".join(parts))
    found = [word for _, text in blocks_of(markup) for word in re.findall(r"w\d+w", text)]
    assert found == words


@given(st.lists(nested(), min_size=1, max_size=4))
def test_any_nesting_gives_blocks_fit_to_be_kept(parts: list[str]) -> None:
    for kind, text in blocks_of(numbered("".join(parts))[0]):
        assert text.strip() == text != ""
        assert "\n\n" not in text
        assert "\n" not in text or kind is not ROW


@given(
    st.lists(st.sampled_from([LONG_A, LONG_B, "Lặng.", "– Vâng, 42."]), min_size=1, max_size=6),
    st.sampled_from(["p", "div", "section"]),
    st.sampled_from(["", "span", "font", "u"]),
)
def test_plain_paragraphs_come_back_as_they_are(texts: list[str], tag: str, inner: str) -> None:
    before, after = (f"<{inner}>", f"</{inner}>") if inner else ("", "")
    markup = "".join(f"<{tag}>{before}{text}{after}</{tag}>" for text in texts)
    assert blocks_of(markup) == [(P, text) for text in texts]
