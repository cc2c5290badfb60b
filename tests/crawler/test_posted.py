"""The call for further pages in a listing's script: read where it is written out, passed over where it is not."""

import pytest

from crawler.discovery.posted import fragment, read_posted
from crawler.extraction.page import Page

URL = "https://bao.vn/kinh-te"


def page(script: str, body: str = "") -> Page:
    return Page(URL, f"<html><body>{body}<script>{script}</script></body></html>".encode())


CALLS = [
    (
        'function go(p) { $.ajax({ type: "POST", url: "/List.aspx/Load", data: { cat: 51, key: "", page: p } }); }',
        ("POST", "https://bao.vn/List.aspx/Load", "cat=51&key=&page=3"),
    ),
    (
        "var cat = 7; function f(page) { $.post('/load', {cat: cat, trang: page}, function (h) {}); }",
        ("POST", "https://bao.vn/load", "cat=7&trang=3"),
    ),
    ("var page = 0; function f() { page++; $.post('/load', {p: page}); }", ("POST", "https://bao.vn/load", "p=2")),
    (
        "var currentPage = 1; $.ajax({method: 'POST', url: '/load', data: 'c=5&p=' + (currentPage + 1)})",
        ("POST", "https://bao.vn/load", "c=5&p=3"),
    ),
    (
        "fetch('/api?c=5', {method: 'POST', body: JSON.stringify({size: 10, page: n})})",
        ("POST", "https://bao.vn/api?c=5", '{"size": "10", "page": "3"}'),
    ),
    ("$.get('/ajax/list', {cat: $('#cat').val(), page: i})", ("GET", "https://bao.vn/ajax/list?cat=9&page=3", "")),
]


@pytest.mark.parametrize(("script", "asked"), CALLS)
def test_a_call_that_is_written_out_is_made_for_any_page(script: str, asked: tuple[str, str, str]) -> None:
    call = read_posted(page(script, '<input type="hidden" id="cat" value="9">'))
    assert call is not None
    url, body, _ = call.ask(3)
    assert (call.method, url, body) == asked


@pytest.mark.parametrize(
    "script",
    [
        "$.ajax({type: 'POST', url: '/vote', data: {id: 3}})",
        "$.post('/load', {cat: chosen.id, token: makeToken(), page: p})",
        "$.post(address, {page: p})",
        "fetch('/load', options)",
        "$.post('/load', {page: p",
        "document.write('$.post(')",
    ],
)
def test_a_call_that_is_not_for_pages_or_not_written_out_is_passed_over(script: str) -> None:
    assert read_posted(page(script)) is None


def test_an_answer_in_json_gives_the_markup_within() -> None:
    made = fragment(Page(URL, b'{"d": {"total": 3, "html": "<p><a href=\\"/tin/1\\">Tin</a></p>"}}'))
    assert [a.get("href") for a in made.tree.iter("a")] == ["/tin/1"]
    plain = Page(URL, b"<li><a href='/tin/2'>Tin</a></li>")
    assert fragment(plain) is plain
    broken = Page(URL, b'{"d": ')
    assert fragment(broken) is broken
