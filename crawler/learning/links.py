"""The own addresses that a site's pages link to, each with its words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import urldefrag, urlsplit

from crawler.extraction.page import Page
from crawler.extraction.select import words
from crawler.extraction.text import squash
from crawler.learning.addresses import Seen


def links_of(page: Page) -> dict[str, str]:
    """The addresses on its own host that a page links to, with the most words of a link that leads there."""
    host = _bare(page.url)
    out: dict[str, str] = {}
    for a in page.tree.iter("a"):
        href = (a.get("href") or "").strip()
        url = urldefrag(page.link(href))[0] if href and not href.startswith("#") else ""
        if not url or not url.startswith(("http://", "https://")) or _bare(url) != host:
            continue
        shown, title = squash(words(a)), squash(a.get("title") or "")
        # A pager's number leads to no article, whatever its tooltip says.
        told = shown if shown.isdigit() else max(shown, title, key=lambda one: len(one.split()))
        if url not in out or len(told.split()) > len(out[url].split()):
            out[url] = told
    return out


def seen_on(pages: Sequence[Page], told: Iterable[str] = (), mapped: Iterable[str] = ()) -> list[Seen]:
    """All own addresses on `pages`, those that feeds have `told` and those that sitemaps name."""
    said: dict[str, str] = {}
    times: Counter[str] = Counter()
    for page in pages:
        links = links_of(page)
        times.update(links.keys())
        for url, text in links.items():
            if len(text.split()) >= len(said.get(url, "").split()):
                said[url] = text
    fed = set(told)
    return [Seen(url, said.get(url, ""), times[url], url in fed) for url in dict.fromkeys([*said, *fed, *mapped])]


def _bare(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower().removeprefix("www.")
    except ValueError:
        return ""
