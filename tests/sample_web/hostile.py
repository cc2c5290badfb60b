"""What a hostile host serves among its ordinary pages, where a test sets `hostile=1`: pages, a pager, a sitemap."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from .sites import Request, Response, Site

NEWS = (
    "Chiều 21/3, tổ dân phố 4 dọn xong bãi bồi sau trận mưa đá, trồng lại 300 gốc cúc và thả hai lồng cá giống.",
    "Bà Hoàng Thị Nhạn, tổ trưởng, cho biết mười bốn hộ góp công, mỗi nhà ba buổi, không ai nhận tiền bồi dưỡng.",
)
"""What every page of an article here says."""

TITLE = "Tổ dân phố 4 trồng lại vườn cúc"
SCREEN = "\x1b[31m\x1b]0;bẫy\x07\x9b31m\u202e[red]=HYPERLINK(1)[/x]<script>alert(1)</script> \\[b]"
"""Escape sequences of terminals, a bidirectional override, markup of Rich's and of HTML's."""

ROOM = 12_000_000
"""Bytes of a page that is larger than any that is taken (DOWNLOAD_MAXSIZE)."""

BODY = "".join(f"<p>{one}</p>" for one in NEWS)


def framed(
    body: str = BODY, title: str = TITLE, head: str = "", date: str = "Thứ Ba, 21/03/2023, 17:05 [GMT+7]"
) -> str:
    """A page in the newspaper's frame."""
    return (
        f"<html><head>{head}<title>x</title></head><body><h1 id='title'>{title}</h1>"
        f"<div id='date'>{date}</div><div id='content'>{body}</div></body></html>"
    )


def _twice(text: str) -> bytes:
    return text.encode().decode("latin-1").encode()


PLAIN = "text/html"
REFUSED: dict[str, tuple[str, Callable[[], str]]] = {
    "empty": ("empty", lambda: ""),
    "blank": ("empty", lambda: " \r\n" * 5_000),
    "nested": ("too-large", lambda: framed("<div>" * 200_000 + BODY)),
    "deep": ("too-deep", lambda: framed("<div>" * 4_000 + BODY)),
    "siblings": ("too-large", lambda: framed(BODY + "<p>x</p>" * 100_000)),
    "attributes": ("too-large", lambda: framed(f"{BODY}<p {' '.join(f'a{n}=1' for n in range(200_000))}>x</p>")),
    "title": ("too-large", lambda: framed(title="Vườn cúc " * 100_000)),
    "soft-404": ("soft-404", lambda: framed("<p>Bài viết không tồn tại hoặc đã bị gỡ.</p>", "Thông báo", date="")),
    "alert": ("soft-404", lambda: "<script>alert('Bài viết không tồn tại!');history.back()</script>"),
    "home": ("redirected-home", lambda: "<script>window.location='/'</script>"),
    "check": ("challenge", lambda: "<script>document.cookie='k=1';location.reload()</script>"),
    "login": ("login", lambda: "<h1>Đăng nhập</h1><form><input type='password' name='p'></form>"),
    "parked": (
        "parked",
        lambda: "<title>baoquangninh.com.vn</title><p>For sale</p><a href='http://ads.example/'>vay</a>",
    ),
}
"""Pages that are no articles, with the reason they are to be refused for."""

KEPT: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "latin-declared": ("text/html; charset=iso-8859-1", lambda body: framed(body).encode()),
    "utf16-declared": ("text/html; charset=utf-16", lambda body: framed(body).encode()),
    "nonsense-declared": ("text/html; charset=vni-2000", lambda body: framed(body).encode()),
    "utf16": (PLAIN, lambda body: framed(body).encode("utf-16")),
    "utf16-without-mark": ("text/html; charset=utf-8", lambda body: framed(body).encode("utf-16-le")),
    "encoded-twice": (PLAIN, lambda body: _twice(framed(body))),
    "screen": (PLAIN, lambda body: framed(body, title=f"={html.escape(SCREEN)}").encode()),
    "nested-below": (PLAIN, lambda body: framed(body).replace("</body>", "<div>" * 200_000).encode()),
    "entities": (
        PLAIN,
        lambda body: b"<!DOCTYPE html [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + framed(body).encode(),
    ),
    **dict.fromkeys(
        (
            "..%2f..%2f..%2fetc%2fpasswd", "..%5c..%5cboot", "%2e%2e", "a%00b", quote("\u202egnp.exe"),
            quote("🌼" * 20), "x" * 1_900,
        ),
        (PLAIN, lambda body: framed(body).encode()),
    ),
}  # fmt: skip
"""Articles that are to be kept, each under this slug."""

FIRST_KEY = 9_900_001
SECTION = "the-thao"
SLUGS = [*REFUSED, *KEPT, "redirected"]


def news_of(slug: str) -> tuple[str, ...]:
    """The paragraphs of an article that is to be kept: one is its own, or all would recur, as on failed extractions."""
    return (*NEWS, f"Luống cúc số {SLUGS.index(slug)} nở sớm hơn các luống bên cạnh chừng mười ngày.")


def path_of(slug: str) -> str:
    """The path of a hostile article, as its listing links it."""
    return f"/{SECTION}/202303/{slug}-{FIRST_KEY + SLUGS.index(slug)}/"


def answer(site: Site, request: Request) -> Response | None:
    """What `site` answers while it is hostile; None for what it answers as ever."""
    if site.id == "bao_thai_nguyen":
        return _sitemap(site, request)
    if site.id != "bao_quang_ninh":
        return None
    if request.path == f"/{SECTION}/":
        return _listing(site, int(request.query.get("page", "1")))
    for slug in SLUGS:
        if request.target.endswith(f"-{FIRST_KEY + SLUGS.index(slug)}/"):
            return _page(slug)
    return None


def _page(slug: str) -> Response:
    from .sites import Response

    if slug == "redirected":
        return Response(302, b"", {"Location": "/"})
    if slug in REFUSED:
        return Response(200, REFUSED[slug][1]().encode(), {"Content-Type": "text/html; charset=utf-8"})
    kind, page = KEPT[slug]
    body = "".join(f"<p>{one}</p>" for one in news_of(slug))
    return Response(200, page(body), {"Content-Type": kind})


def _listing(site: Site, number: int) -> Response:
    """The section's own articles and the hostile ones, then the same for ever, with a session of its own each time."""
    response = site.listing(SECTION, number)
    links = [path_of(slug) + (f"?sid={number}" if number > 1 else "") for slug in SLUGS]
    links += [f"/lich/{2000 + number}/01/", f"/{SECTION}/{'a/b/' * number}"]
    items = "".join(f"<li class='item'><a class='title' href='{one}'>Tin</a></li>" for one in links)
    response.body = response.body.replace(b'</ul>\n<div class="paging">', f"{items}</ul>".encode(), 1)
    return response


def _sitemap(site: Site, request: Request) -> Response | None:
    from .sites import XML, Response

    base = f"{site.base}/sitemaps"
    if request.path == "/sitemap.xml":
        ordinary = site.route(request)
        assert ordinary is not None
        odd = [f"{site.base}/sitemap.xml", *(f"{base}/{name}.xml" for name in ("ring", "bomb", "huge", "page"))]
        rows = "".join(f"<sitemap><loc>{one}</loc></sitemap>" for one in odd)
        ordinary.body = ordinary.body.replace(b"</sitemapindex>", f"{rows}</sitemapindex>".encode())
        return ordinary
    name = request.path.removeprefix("/sitemaps/").removesuffix(".xml")
    if name == "ring":
        return site.sitemap(
            [(f"{base}/ring.xml", "2023-01-01"), (f"{site.base}/sitemap.xml", "2023-01-01")], index=True
        )
    if name == "bomb":
        entities = "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
        text = f"<!DOCTYPE urlset [<!ENTITY a 'aaaaaaaaaa'>{entities}<!ENTITY x SYSTEM 'http://127.0.0.1:9/'>]>"
        return Response(200, f"{text}<urlset><url><loc>{site.base}/&i;&x;</loc></url></urlset>".encode(), dict(XML))
    if name == "huge":
        return Response(200, b"<urlset>" + b" " * ROOM, dict(XML))
    if name == "page":
        return Response(200, b"<html><body>Trang n\xc3\xa0o</body></html>", {"Content-Type": "text/html"})
    return None
