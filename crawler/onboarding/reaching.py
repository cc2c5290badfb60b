"""The first steps to a site: its home page and its rules."""

from dataclasses import replace
from urllib.parse import urlsplit

from protego import Protego

from crawler.extraction import gate
from crawler.extraction.page import Page
from crawler.extraction.select import select_first
from crawler.onboarding.looking import is_of
from crawler.onboarding.recognise import own_addresses
from crawler.onboarding.report import Report, Robots
from crawler.onboarding.web import Answer, Web
from crawler.robots import RobotsAnswer, judge_robots

AGENT = "baotinh"
"""Our name in robots.txt (ROBOTSTXT_USER_AGENT in crawler/settings.py, which only a crawl may import)."""


async def reach(web: Web, url: str, report: Report) -> tuple[Page | None, Report]:
    """The home page, and the report with how it was reached; without one it says why (`refused`)."""
    answer = await web.get(url)
    if answer.page is None and not web.live:
        # Of a site that was saved in part the home page may be missing: the page that leads furthest stands for it.
        pages = [(await web.get(one)).page for one in web.addresses]
        best = max((one for one in pages if one), key=lambda one: len(own_addresses([one])), default=None)
        answer = Answer(best.url, 200, best.content_type, best.body) if best else answer
    parts = urlsplit(answer.url)
    report = replace(report, home=answer.url, scheme=parts.scheme, host=(parts.hostname or "").lower())
    page = answer.page
    if page is None:
        return None, replace(report, refused=_unreachable(url, answer))
    if not is_of(answer.url, urlsplit(url).hostname or ""):
        return None, replace(report, refused=f"{url} leads to another host: probe {answer.url}")
    if check := gate.browser_check(page):
        words_ = f"{url} answers with a browser check ({check}); look at it in a browser, and write to the site"
        return None, replace(report, refused=words_)
    if select_first(page.tree, "a[href]") is None:
        sent = answer.content_type.partition(";")[0] or "no content type"
        what = f"{sent}, {len(page.body):,} bytes"
        return None, replace(report, refused=f"{url} is no site's home page: it has no link ({what})")
    tls = "checked" if parts.scheme == "https" else "none: http"
    return page, replace(report, tls=tls if web.live else "not looked at: saved pages")


def _unreachable(url: str, answer: Answer) -> str:
    """Why there is no home page, and the next step."""
    step = {
        "tls": "if it has expired, declare the host in `tls_exceptions` (docs/hostile-web.md); http:// may answer",
        "unresolved": "look at how the name is spelt; a host that has moved has another one",
        "refused": "look at it in a browser; http:// or www. may answer",
        "timeout": "probe it again later; some hosts answer from within Vietnam only",
        "robots-blocked": "look at it in a browser, and write to the site",
    }.get(answer.fault, "look at it in a browser")
    if answer.fault == "robots":
        return closed_home(url)
    return f"{url} cannot be had: {answer.why_not}; {step}"


def closed_home(url: str) -> str:
    """Says that robots.txt closes the home page, and the next step."""
    return f"{url}: robots.txt closes the home page to us; nothing is archived against it: write to the publisher"


async def ask_robots(web: Web, report: Report) -> tuple[Report, Protego | None]:
    """The report with what robots.txt says, and its rules; None where it has none."""
    url = f"{report.scheme}://{report.host}/robots.txt"
    answer = await web.get(url)
    if not answer.status:
        return replace(report, robots=Robots(words=answer.trouble)), None
    told = judge_robots(answer.status, {"content-type": answer.content_type.lower()}, answer.body)
    if told is not RobotsAnswer.RULES:
        return replace(report, robots=Robots(words=f"no rules (HTTP {answer.status})")), None
    text = Page(url, answer.body, answer.content_type).decoded.text
    rules = Protego.parse(text)
    delay = rules.crawl_delay(AGENT)
    maps = tuple(one for one in rules.sitemaps if is_of(one, report.host))
    return replace(report, robots=Robots("", delay, maps, tuple(closes(text)))), rules


def closes(text: str) -> list[str]:
    """What robots.txt closes to us: the rules of our own group, else those for all (RFC 9309, 2.2.1)."""
    groups: dict[str, list[str]] = {}
    agents: list[str] = []
    fresh = True
    for line in text.splitlines():
        name, _, value = (part.strip() for part in line.partition("#")[0].partition(":"))
        if name.lower() == "user-agent":
            agents = [value.lower()] if fresh else [*agents, value.lower()]
            fresh = False
        elif name.lower() in ("allow", "disallow"):
            fresh = True
            for agent in agents:
                groups.setdefault(agent, []).extend([value] if name.lower() == "disallow" and value else [])
    return list(dict.fromkeys(groups.get(AGENT, groups.get("*", []))))
