"""Give a page of the sample web the weight of a portal's: scripts, styles and a menu around what it has.

Pages of real portals have 40 to 160 KB of which the article is two to four; the sample web's have 4, so that
what is measured on them as they are is mostly the cost of starting.
"""

import re

SCRIPT = b"(function(w,d){var q=w.__q||[];for(var i=0;i<q.length;i++){d.getElementById('b'+i).style.display='none';}})"
STYLE = b".menu-item-%d > a:hover, .box-%d .title { color: #c00; margin: 0 4px 2px; background: url(/skin/%d.png) }\n"
MENU = 60
"""Entries of the added menu: with them a page has some 250 elements, as light portal pages do."""

_HEAD_END, _BODY, _BODY_END = (
    re.compile(rb"</head>", re.I),
    re.compile(rb"<body[^>]*>", re.I),
    re.compile(rb"</body>", re.I),
)


def weighted(page: bytes, size: int) -> bytes:
    """`page` with so much around its own words that it has about `size` bytes.

    A page without head and body, or in another charset than UTF-8, comes back as it is.
    """
    if not (_HEAD_END.search(page) and _BODY.search(page) and _BODY_END.search(page)):
        return page
    entries = b"".join(
        b'<li class="menu-item menu-item-%d"><a href="/muc-%d/">Muc %d</a></li>' % (n, n, n) for n in range(MENU)
    )
    menu = b'<nav class="mega"><ul>%s</ul></nav>' % entries
    rest = max(0, size - len(page) - len(menu))
    styles = b"".join(STYLE % (n, n, n) for n in range(rest // 3 // len(STYLE) + 1))
    scripts = (SCRIPT + b"(window,document);\n") * (rest * 2 // 3 // len(SCRIPT) + 1)
    page = _HEAD_END.sub(lambda m: b"<style>%s</style>%s" % (styles[: rest // 3], m[0]), page, count=1)
    page = _BODY.sub(lambda m: m[0] + menu, page, count=1)
    return _BODY_END.sub(lambda m: b"<script>%s</script>%s" % (scripts[: rest * 2 // 3], m[0]), page, count=1)
