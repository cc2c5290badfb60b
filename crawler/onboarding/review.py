"""One page on which a person compares what a site sent with what was read of it, field by field."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from html import escape
from typing import Any

from archive.article import Article
from crawler.declaration import SiteDeclaration
from crawler.extraction.page import Page
from crawler.onboarding.checking import Looked
from crawler.onboarding.goldens import FIELDS, Golden, Review
from crawler.onboarding.picture import POLICY, picture

FIRST = (
    "rejection", "title", "lead", "published", "modified", "author", "affiliation", "source_credit", "section", "tags",
    "views", "attachments",
)  # fmt: skip
"""The fields a person compares with the page, in the order of a page; `blocks` follow them."""

BEHIND = tuple(name for name in FIELDS if name not in (*FIRST, "blocks", "captions"))
"""The others, which no page shows: folded away unless one of them is not as expected. Captions are blocks."""

_ORIGINS = {"blocks": "text"}
"""Under which name a reading tells where a field stood, where that is another."""

_STYLE = """
:root{color-scheme:light;--line:#d5d9de;--dim:#5b6470;--bad:#a1260d;--bad-back:#fcebe7;--good:#1f6b45;--good-back:#e6f3ec}
*{box-sizing:border-box}
body{margin:0;font:15px/1.5 system-ui,"Noto Sans",sans-serif;color:#1b1f24;background:#f4f5f7;overflow-wrap:anywhere}
header,main{max-width:1760px;margin:0 auto;padding:0 20px}
header{padding-top:18px;padding-bottom:10px}
h1{font-size:22px;margin:0 0 4px}
h2{font-size:17px;margin:0}
p{margin:4px 0}
a{color:#1a4f8b}
a:focus-visible,summary:focus-visible,iframe:focus-visible{outline:3px solid #1a4f8b;outline-offset:2px}
.dim{color:var(--dim)}
.skip{position:absolute;left:-9999px}
.skip:focus{left:20px;top:6px;padding:4px 10px;background:#fff}
nav ol{display:grid;grid-template-columns:repeat(auto-fill,minmax(340px,1fr));gap:2px 24px;
margin:8px 0;padding-left:28px}
.flag{padding:1px 8px;border-radius:3px;font-size:13px;font-weight:600;white-space:nowrap}
.bad{color:var(--bad);background:var(--bad-back)}
.good{color:var(--good);background:var(--good-back)}
.page{margin:0 0 22px;background:#fff;border:1px solid var(--line);border-radius:6px;scroll-margin-top:8px}
.head{display:flex;flex-wrap:wrap;gap:4px 14px;align-items:baseline;
padding:10px 16px;border-bottom:1px solid var(--line)}
.head .ways{margin-left:auto}
.head p{flex-basis:100%;font-size:13px}
.two{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
.two>div{padding:12px 16px;min-width:0}
.two>div+div{border-left:1px solid var(--line)}
h3{margin:0 0 6px;font-size:13px;font-weight:600;color:var(--dim)}
iframe{display:block;width:100%;height:82vh;min-height:420px;border:1px solid var(--line);background:#fff}
.sticky{position:sticky;top:8px}
table+h3{margin-top:16px}
table{width:100%;border-collapse:collapse;table-layout:fixed}
th,td{padding:5px 8px 5px 0;text-align:left;vertical-align:top;border-bottom:1px solid #e9ecef}
th{width:118px;font-weight:600;font-size:13px}
.origin{display:block;color:var(--dim);font:12px/1.5 ui-monospace,monospace}
tr.off th,tr.off td{background:var(--bad-back)}
tr.off th{padding-left:8px;color:var(--bad)}
.was,.now{display:block}
.was b,.now b{font-size:12px;color:var(--bad)}
ol.blocks{list-style:none;margin:0;padding:0}
ol.blocks li{display:grid;grid-template-columns:92px minmax(0,1fr);padding:4px 0;border-bottom:1px solid #f0f2f4}
ol.blocks .kind{font-size:12px;color:var(--dim);padding-top:2px}
ol.blocks .words{white-space:pre-line}
li.lead .words,li.h .words{font-weight:600}
li.caption .words{font-style:italic;color:#3d4650}
li.missing,li.extra{background:var(--bad-back);padding-left:8px}
li.missing .kind,li.extra .kind{color:var(--bad);font-weight:600}
li.missing .words{text-decoration:line-through;text-decoration-thickness:1px}
details{margin-top:10px}
summary{cursor:pointer;font-size:13px;color:var(--dim)}
@media(max-width:1000px){.two{grid-template-columns:minmax(0,1fr)}
.two>div+div{border-left:0;border-top:1px solid var(--line)}
.sticky{position:static}iframe{height:52vh;min-height:320px}header,main{padding-left:10px;padding-right:10px}}
"""


def review_page(site: type[SiteDeclaration], looked: Sequence[Looked], review: Review) -> str:
    """The page for these pages of a site.

    Nothing on it acts or is loaded: every word from outside is escaped, and the site's own pages stand in frames
    without any right.
    """
    pages = "".join(_page(site, number, one, len(looked)) for number, one in enumerate(looked, 1))
    return f"""<!DOCTYPE html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(site.name)}: review</title>
<style>{_STYLE}</style>
</head>
<body>
<a class="skip" href="#p1">To the first page</a>
<header lang="en">
<h1>{escape(site.title)}</h1>
<p>{_flag(looked, review)} <span class="dim">{escape(site.name)}, family {escape(site.family)},
{escape(", ".join(site.hosts))}; {len(looked)} pages</span></p>
<p>Compare each page with what was read of it: title, lead, date, who wrote it, every paragraph; no menu, counter or
related headline. In the page, what was read is framed, and what the layout leaves out is grey.</p>
<nav aria-label="Pages"><ol>{"".join(_entry(number, one) for number, one in enumerate(looked, 1))}</ol></nav>
</header>
<main lang="en">
{pages}</main>
</body>
</html>
"""


def _flag(looked: Sequence[Looked], review: Review) -> str:
    if all(one.expected is None for one in looked):
        return '<span class="flag">captures, no golden pages</span>'
    if review.stands:
        return f'<span class="flag good">reviewed by {escape(review.by or "")} on {review.at:%Y-%m-%d}</span>'
    who = f"changed since {review.by} reviewed it on {review.at:%Y-%m-%d}" if review.at else "not reviewed"
    return f'<span class="flag bad">{escape(who)}</span>'


def _entry(number: int, one: Looked) -> str:
    return f'<li><a href="#p{number}">{escape(_title(one))}</a> {_state(one)}</li>'


def _title(one: Looked) -> str:
    title = (one.expected or one.golden)["title"]
    return str(title) if title else f"(no article) {one.page.url}"


def _state(one: Looked) -> str:
    if one.disagreeing:
        return f'<span class="flag bad">{len(one.disagreeing)} not as expected</span>'
    if one.expected is None and one.golden["rejection"]:
        return f'<span class="flag bad">refused: {escape(one.golden["rejection"])}</span>'
    return "" if one.expected is None else '<span class="flag good">read as expected</span>'


def _page(site: type[SiteDeclaration], number: int, one: Looked, of: int) -> str:
    ways = [f'<a href="#p{other}">{word}</a>' for other, word in ((number - 1, "previous"), (number + 1, "next"))]
    ways = ways[number == 1 :][: 1 if number in (1, of) else 2] if of > 1 else []
    saved = one.page
    original = Page(saved.url, saved.body, saved.content_type)
    golden = f", golden {one.name}" if one.name else ""
    fetched = f"{saved.url}, fetched {saved.fetched_at:%Y-%m-%d %H:%M}{golden}"
    shown = escape(picture(original, site.layouts, one.result))
    return f"""<section class="page" id="p{number}" aria-labelledby="h{number}">
<div class="head"><h2 id="h{number}" lang="vi">{number}. {escape(_title(one))}</h2> {_state(one)}
<span class="ways">{" ".join(ways)}</span>
<p class="dim">{escape(fetched)}</p>
</div>
<div class="two">
<div><div class="sticky"><h3>The page as it was sent, without styles, pictures and scripts</h3>
<iframe sandbox title="page {number} as it was sent" tabindex="0" srcdoc="{shown}"></iframe></div></div>
<div><h3>What {"is expected of it" if one.expected else "was read of it"}</h3>
{_fields(one)}
</div>
</div>
</section>
"""


def _fields(one: Looked) -> str:
    said, read = one.expected or one.golden, one.golden
    origins = one.result.origins if isinstance(one.result, Article) else {}
    off = set(one.disagreeing)

    def rows(names: Iterable[str]) -> str:
        return "".join(_row(name, said, read, origins.get(name, ""), off=name in off) for name in names)

    known = [name for name in FIRST if name in off or name != "rejection" or said[name]]
    where = origins.get(_ORIGINS["blocks"], "")
    refused = "" if isinstance(one.result, Article) else f"<p>Refused as no article: {escape(one.result.detail)}</p>"
    return (
        f"{refused}<table>{rows(known)}</table>"
        f"<h3>Text{f' <span class=origin>{escape(where)}</span>' if where else ''}</h3>"
        f'<ol class="blocks" lang="vi">{"".join(_blocks(said["blocks"] or [], read["blocks"] or []))}</ol>'
        f"<details{' open' if off.intersection(BEHIND) else ''}><summary>Fields that the page does not show</summary>"
        f"<table>{rows(BEHIND)}</table></details>"
    )


def _row(name: str, said: Golden, read: Golden, origin: str, *, off: bool) -> str:
    value = _value(said[name])
    if off:
        value = (
            f'<span class="was"><b>expected</b> {value}</span>'
            f'<span class="now"><b>read now</b> {_value(read[name])}</span>'
        )
    where = f'<span class="origin">{escape(origin)}</span>' if origin and read[name] else ""
    label = escape(name.replace("_", " "))
    return f'<tr{" class=off" if off else ""}><th scope="row">{label}</th><td>{value}{where}</td></tr>'


def _value(value: Any) -> str:
    if value in (None, [], ""):
        return '<span class="dim">none</span>'
    if isinstance(value, dict):
        day = value["instant"].replace("T", " ")
        exact = day[:16] if value["precision"] == "minute" else day[:10]
        told = escape(f"from {value['source']}: {value['raw']}")
        return f'{escape(exact)} <span class="dim">{told}</span>'
    if isinstance(value, list):
        return "<br>".join(escape(": ".join(reversed(one)) if isinstance(one, list) else str(one)) for one in value)
    return f'<span lang="vi">{escape(str(value))}</span>'


def _blocks(said: Sequence[Sequence[str]], read: Sequence[Sequence[str]]) -> Iterator[str]:
    """The expected blocks, with those that are not read and those that are read and not expected among them."""
    before, after = [tuple(one) for one in said], [tuple(one) for one in read]
    for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (_block(kind, words) for kind, words in before[i:j])
        else:
            yield from (_block(kind, words, "missing", "expected, not read") for kind, words in before[i:j])
            yield from (_block(kind, words, "extra", "read, not expected") for kind, words in after[k:m])


def _block(kind: str, words: str, extra: str = "", label: str = "") -> str:
    told = f"{kind}<br>{label}" if label else kind
    return (
        f'<li class="{escape(kind)}{f" {extra}" if extra else ""}"><span class="kind">{told}</span>'
        f'<span class="words">{escape(words)}</span></li>'
    )
