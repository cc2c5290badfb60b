"""Bytes become the text their author meant, whatever label they came under."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.page import Page, declared_charset, decode
from crawler.extraction.select import words
from crawler.extraction.text import squash
from tests.crawler.helpers import no_hang

TEXT = "Mười bản vùng cao huyện Ba Vân thử nghiệm đường ống dẫn nước tự chảy, “giọt nước đầu tiên” về tới sân trường."
META = '<meta http-equiv="Content-Type" content="text/html; charset={}">'
LABELS = (
    "windows-1258",
    "iso-8859-1",
    "windows-1252",
    "us-ascii",
    "utf-8",
    "UTF8",
    "tcvn-5712",
    "x-viet",
    "utf-16",
    "base64",
    "",
)
MARK = "\ufeff"


def markup(text: str = TEXT, label: str = "") -> str:
    return f"<html><head>{META.format(label) if label else ''}</head><body><p>{text}</p></body></html>"


def read(body: bytes, content_type: str = "text/html") -> str:
    """The words a reader sees on the page."""
    return squash(words(Page("https://bao.example/", body, content_type).tree))


@pytest.mark.parametrize("header", LABELS)
@pytest.mark.parametrize("meta", LABELS)
def test_utf8_is_read_under_any_label(header: str, meta: str) -> None:
    body = markup(label=meta).encode()
    assert read(body, f"text/html; charset={header}" if header else "text/html") == TEXT
    assert decode(body, f"text/html; charset={header}").used == "utf-8"


ENCODED: dict[str, bytes] = {
    "byte order mark": markup().encode("utf-8-sig"),
    "two byte order marks": (MARK + MARK + markup()).encode(),
    "byte order mark under a wrong label": markup(label="windows-1258").encode("utf-8-sig"),
    "UTF-16 with mark": markup().encode("utf-16"),
    "UTF-16 big-endian with mark": (MARK + markup()).encode("utf-16-be"),
    "UTF-16 little-endian without mark": markup().encode("utf-16-le"),
    "UTF-16 big-endian without mark": markup().encode("utf-16-be"),
    "UTF-8 after a mark of UTF-16": b"\xff\xfe" + markup().encode(),
    "UTF-8 after the other mark of UTF-16": b"\xfe\xff" + markup(label="utf-16").encode(),
    "UTF-16 that says UTF-8": markup(label="utf-8").encode("utf-16-le"),
    "NFD": unicodedata.normalize("NFD", markup()).encode(),
    "NUL bytes": markup().replace("p>", "p>\x00").replace("ư", "ư\x00").encode(),
    "NUL before the page": b"\x00\x00" + markup().encode(),
    "NEL between words": markup(TEXT.replace(" ", "\x85")).encode(),
    "no-break spaces": markup(TEXT.replace(" ", "\xa0")).encode(),
    "zero-width spaces": markup(TEXT.replace(" ", " \u200b")).encode(),
    "soft hyphens": markup(TEXT.replace("ng", "n\u00adg")).encode(),
    "marks within the text": markup(TEXT.replace("vùng", "\ufeffvùng")).encode(),
    "named entities": markup(TEXT.replace("ù", "&ugrave;").replace("“", "&ldquo;").replace("”", "&rdquo;")).encode(),
    "entity with a combining mark": markup(TEXT.replace("ệ", "&ecirc;\u0323").replace("ố", "o&#770;&#769;")).encode(),
    "references only": markup("".join(f"&#{ord(c)};" for c in TEXT)).encode("ascii"),
    "hexadecimal references": markup("".join(f"&#x{ord(c):X};" for c in TEXT)).encode("ascii"),
    "Windows references 128 to 159": markup(TEXT.replace("“", "&#147;").replace("”", "&#148;")).encode(),
    "Windows references in hexadecimal": markup(TEXT.replace("“", "&#x93;").replace("”", "&#X94;")).encode(),
    "encoded twice": markup().encode().decode("latin-1").encode(),
}


@pytest.mark.parametrize("body", ENCODED.values(), ids=ENCODED)
def test_page_reads_as_its_author_wrote_it(body: bytes) -> None:
    assert read(body) == TEXT


def test_text_encoded_twice_by_windows_1252_is_repaired() -> None:
    twice = "".join(bytes([b]).decode("windows-1252", "ignore") or chr(b) for b in markup().encode()).encode()
    assert read(twice) == TEXT


@pytest.mark.parametrize("reading", ["latin-1", "windows-1252"])
def test_signs_of_a_page_encoded_twice_are_repaired_with_its_letters(reading: str) -> None:
    text = f"{TEXT}\xa0Đất 12 m², 30°C • «Nậm Mu» – café, ½ giờ"
    twice = "".join(bytes([b]).decode(reading, "ignore") or chr(b) for b in markup(text).encode())
    assert read(twice.encode()) == squash(text)


def test_part_encoded_twice_is_repaired_and_the_rest_is_left_alone() -> None:
    twice = TEXT.encode().decode("latin-1")
    body = f"<html><body><p>{TEXT}</p><div>{twice}</div><p>{TEXT}</p></body></html>".encode()
    assert read(body) == f"{TEXT} {TEXT} {TEXT}"


@pytest.mark.parametrize(
    "text",
    [
        "Ông Ã Mí Páo và bà Â Thị Na",
        "Phường São Paulo",
        "Điện Biên – Äänekoski",
        "CÃI NHAU, CÃ PHÊ",
        "Ä‘i đâu",
    ],
)
def test_single_foreign_letter_is_no_double_encoding(text: str) -> None:
    assert read(markup(text).encode()) == text


@pytest.mark.parametrize(
    ("encoding", "used"), [("windows-1258", "cp1258"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be")]
)
@pytest.mark.parametrize("declared", ["meta", "header"])
def test_other_charset_is_read_where_it_is_declared(encoding: str, used: str, declared: str) -> None:
    text = "Thôn vùng cao mùa bông đào"
    body = markup(text, encoding if declared == "meta" else "").encode(encoding)
    header = f"text/html; charset={encoding}" if declared == "header" else "text/html"
    assert read(body, header) == text
    assert decode(body, header).used == used


def test_header_tells_the_charset_where_the_page_says_utf8_and_is_not() -> None:
    # Without a label windows-1258 would be believed, which reads nearly any bytes.
    body = markup("Хаба Баба", "utf-8").encode("koi8-r")
    assert read(body, "text/html; charset=koi8-r") == "Хаба Баба"
    assert decode(body, "text/html; charset=koi8-r").used == "koi8-r"


@pytest.mark.parametrize(
    "label",
    [
        "undefined",
        "idna",
        "punycode",
        "unicode_escape",
        "raw-unicode-escape",
        "utf-7",
        "UTF7",
        "utf-16",
        "utf-32-be",
        "zlib",
        "rot13",
    ],
)
@pytest.mark.parametrize("declared", ["meta", "header"])
def test_label_that_no_page_is_written_in_counts_for_nothing(label: str, declared: str) -> None:
    body = markup("Thôn +AOo- \\u00ea ô", label if declared == "meta" else "").encode("windows-1258")
    header = f"text/html; charset={label}" if declared == "header" else "text/html"
    assert read(body, header) == "Thôn +AOo- \\u00ea ô"
    assert decode(body, header).declared == label.lower()
    assert decode(body, header).used == "cp1258"


def test_windows_1258_combining_marks_become_composed_letters() -> None:
    body = markup("Bô\u0323 đô\u0323i vu\u0300ng cao", "windows-1258").encode("windows-1258")
    assert read(body) == "Bộ đội vùng cao"


def test_undeclared_legacy_bytes_are_read_as_vietnamese_windows() -> None:
    assert read(markup("B\u00f4\u0323 \u0111\u00f4\u0323i " * 40).encode("windows-1258")).startswith("Bộ đội Bộ đội")


@pytest.mark.parametrize("cut", [1, 2])
def test_page_cut_in_its_last_character_is_still_utf8(cut: int) -> None:
    body = (markup(" ".join([TEXT] * 10))[: -len("</p></body></html>")] + "ệ").encode()[:-cut]
    found = decode(body, "text/html; charset=windows-1252")
    assert found.used == "utf-8"
    assert TEXT in found.text


def test_one_bad_advertisement_does_not_make_the_page_windows() -> None:
    body = markup(" ".join([TEXT] * 30)).encode().replace(b"</body>", b"<i>caf\xe9</i></body>")
    assert read(body).startswith(TEXT)


@pytest.mark.parametrize(
    ("body", "header", "expected"),
    [
        (b"<meta charset=utf-8>", "", "utf-8"),
        (b"<META CHARSET='Windows-1258'>", "text/html; charset=utf-8", "windows-1258"),
        (META.format("UTF-8").encode(), "", "utf-8"),
        (META.format("utf-8").encode("utf-16-le"), "", "utf-8"),
        (b"<p>charset=utf-7</p>", 'text/html; charset="ISO-8859-1"', "iso-8859-1"),
        (b"", "text/html", None),
        (b" " * 5000 + b"<meta charset=utf-8>", "", None),
    ],
    ids=["meta", "meta before header", "http-equiv", "utf-16", "header", "none", "too far down"],
)
def test_declared_charset(body: bytes, header: str, expected: str | None) -> None:
    assert declared_charset(body, header) == expected


def test_thousands_of_blanks_where_a_charset_should_stand_do_not_hang() -> None:
    blanks = " " * 200_000
    with no_hang():
        assert declared_charset(b"<meta charset=" * 200, f"text/html; charset={blanks}") is None


def test_declared_and_used_charset_are_both_told() -> None:
    found = decode(markup(label="iso-8859-1").encode())
    assert (found.declared, found.used) == ("iso-8859-1", "utf-8")


# -- addresses -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("head", "href", "expected"),
    [
        ("", "tep/a.pdf", "https://bao.example/tin/tep/a.pdf"),
        ("<base href='/goc/'>", "a.pdf", "https://bao.example/goc/a.pdf"),
        ("<base href='http://kho.example/x/y'>", "a.pdf", "http://kho.example/x/a.pdf"),
        ("<base>", " /a.pdf ", "https://bao.example/a.pdf"),
        ("", "//kho.example/a", "https://kho.example/a"),
        ("", "http://[::1/a", ""),
        ("", "", "https://bao.example/tin/b.html"),
    ],
)
def test_links_are_made_absolute(head: str, href: str, expected: str) -> None:
    page = Page("https://bao.example/tin/b.html", f"<html><head>{head}</head><body></body></html>".encode())
    assert page.link(href) == expected


@pytest.mark.parametrize("base", ["http://[hong/", "//[", "http://:99999999/"])
def test_base_that_is_no_address_does_not_spoil_absolute_links(base: str) -> None:
    markup = f"<html><head><base href='{base}'></head><body></body></html>"
    page = Page("https://bao.example/tin/b.html", markup.encode())
    assert page.link("https://kho.example/a.pdf") == "https://kho.example/a.pdf"


# -- properties ------------------------------------------------------------------------------------
VIETNAMESE = st.text(
    alphabet=st.sampled_from(
        "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ ,.–“”"
    ),
    min_size=1,
)
ANY_TEXT = st.text(
    alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn"], exclude_characters="<&"),
    min_size=1,
)
CONTROLS = {chr(n) for n in [*range(9), *range(11, 13), *range(14, 32), *range(127, 160)]}


@given(text=ANY_TEXT, header=st.sampled_from(LABELS), meta=st.sampled_from(LABELS))
def test_any_text_survives_utf8_under_a_wrong_label(text: str, header: str, meta: str) -> None:
    body = markup(text, meta).encode()
    if not looks_encoded_twice(text):
        assert read(body, f"text/html; charset={header}") == squash(text)


def looks_encoded_twice(text: str) -> bool:
    """Whether a text of foreign letters happens to be valid UTF-8 once taken for Latin bytes."""
    return sum(text.count(c) for c in "ÃÄÅÆá") >= 3


@given(VIETNAMESE)
def test_vietnamese_survives_double_encoding_or_is_told_apart(text: str) -> None:
    assert read(markup(f"{TEXT} {text}").encode().decode("latin-1").encode()) == squash(f"{TEXT} {text}")


@given(VIETNAMESE, st.sampled_from(["NFC", "NFD", "NFKD"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_vietnamese_is_composed_whatever_form_it_came_in(text: str, form: str, encoding: str) -> None:
    body = unicodedata.normalize(form, markup(text)).encode(encoding)  # type: ignore[arg-type]
    assert read(body) == squash(unicodedata.normalize("NFC", text))


@given(st.binary(max_size=400), st.sampled_from(LABELS))
def test_random_bytes_never_raise_and_give_clean_text(junk: bytes, label: str) -> None:
    for body in (junk, b"<html><body><p>" + junk, markup().encode() + junk):
        text = read(body, f"text/html; charset={label}")
        assert unicodedata.is_normalized("NFC", text)
        assert not CONTROLS & set(text)


@given(st.text(max_size=80))
def test_squashed_text_is_composed_and_without_controls(text: str) -> None:
    once = squash(text)
    assert unicodedata.is_normalized("NFC", once)
    assert not CONTROLS & set(once)
    assert once == " ".join(once.split()) == squash(once)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"   ",
        b"<",
        b"<!DOCTYPE html>",
        b"<!-- -->",
        b"%PDF-1.4 \xff\xfe",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
    ],
)
def test_page_of_nothing_has_a_tree(body: bytes) -> None:
    assert Page("https://bao.example/", body).tree.tag == "html"


@pytest.mark.parametrize("depth", [50, 200])
@pytest.mark.parametrize("tag", ["div", "font", "b"])
def test_deep_nesting_is_read(tag: str, depth: int) -> None:
    assert read((f"<{tag}>" * depth + TEXT + f"</{tag}>" * depth).encode()) == TEXT


@pytest.mark.parametrize(
    "start", ["<div>" * 5000, "<b><i>" * 5000, f"<p {'a ' * 50_000}>", "<!--" * 5000, "<table>" * 999]
)
def test_absurd_nesting_leaves_the_text_before_it(start: str) -> None:
    assert read((f"<p>{TEXT}</p>" + start + "x").encode()).startswith(TEXT)
