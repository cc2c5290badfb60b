"""Why a site is not well: the causes by name, what an operator does about each, and how counts tell them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from archive.models import Health
from crawler.discovery.troubles import Trouble
from crawler.extraction.gate import Reason
from crawler.faults import FaultName


class Cause(StrEnum):
    """The cause of a verdict; docs/health.md has them all, with what to do."""

    DNS = "dns"
    REFUSED = "refused"
    TLS = "tls"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    PROXY = "proxy"
    SERVER = "server"
    ROBOTS = "robots"
    CLOSED = "closed"
    CHALLENGE = "challenge"
    LOGIN = "login"
    NOT_FOUND = "not_found"
    PARKED = "parked"
    NO_LINKS = "no_links"
    LAYOUT = "layout"
    EMPTY = "empty"
    NOTHING_NEW = "nothing_new"
    FEW_NEW = "few_new"
    COSTLY = "costly"
    TIME = "time"
    MEMORY = "memory"
    KILLED = "killed"
    ARCHIVE = "archive"
    ERROR = "error"
    OPERATOR = "operator"
    DISABLED = "disabled"


_AWAY = "open the site in a browser; if it opens, compare the network of this machine"
_MEND = "`baotinh fetch URL --force` shows what is read; mend the layout, then `baotinh sites check {site} --live`"

NEXT_STEPS: Final[Mapping[Cause, str]] = {
    Cause.DNS: "look its host up; if it has moved, add the new one to `hosts` of its spider",
    Cause.REFUSED: _AWAY,
    Cause.TLS: "write to the site's office, or declare an exception with an end (docs/hostile-web.md)",
    Cause.TIMEOUT: _AWAY,
    Cause.CONNECTION: _AWAY,
    Cause.PROXY: "look at the proxy that http_proxy and https_proxy name",
    Cause.SERVER: "the site's own server fails: wait a night or two, then write to its office",
    Cause.ROBOTS: "look at its robots.txt in a browser; until it can be had the site is left alone",
    Cause.CLOSED: "write to the site's office, or `baotinh sites disable {site}`",
    Cause.CHALLENGE: "write to the site's office, or ask less often (DOWNLOAD_DELAY)",
    Cause.LOGIN: "look at an article in a browser; what needs a login is not read",
    Cause.NOT_FOUND: "look for its sections in a browser; write the new paths, or the new host, into its spider",
    Cause.PARKED: "the host is for sale: look for the publisher's new one, or `baotinh sites disable {site}`",
    Cause.NO_LINKS: "look at a section in a browser; mend `sections` or `listings` of its spider",
    Cause.LAYOUT: "`baotinh sites relearn {site}` learns a layout from its captures",
    Cause.EMPTY: "look at an article in a browser; if it shows one, " + _MEND,
    Cause.NOTHING_NEW: "look at the site: has it stopped, or does it publish elsewhere now?",
    Cause.FEW_NEW: "look at the site: which of its sections has new articles that are missing here?",
    Cause.COSTLY: "look into the log of the run for what is asked for again and again",
    Cause.TIME: "give it a longer window (`timing` of its spider), or `baotinh schedule run --at-once` more sites",
    Cause.MEMORY: "look at the last addresses in the log of the run",
    Cause.KILLED: "look at the end of its log, and into `dmesg`",
    Cause.ARCHIVE: "make room on the disk, or start the database",
    Cause.ERROR: "an error in the program: please report it with the log of the run",
    Cause.OPERATOR: "`baotinh schedule resume {site}`",
    Cause.DISABLED: "`baotinh sites enable {site}`",
}
"""What an operator does, by cause; ``{site}`` stands for the site's id."""

SAID: Final[Mapping[Cause, str]] = {
    Cause.DNS: "its host has no address",
    Cause.REFUSED: "its host refuses the connection",
    Cause.TLS: "its certificate is not good",
    Cause.TIMEOUT: "its host does not answer in time",
    Cause.CONNECTION: "its connections break off",
    Cause.PROXY: "the proxy does not reach it",
    Cause.SERVER: "its server answers with errors",
    Cause.ROBOTS: "its robots.txt cannot be had",
    Cause.CLOSED: "its robots.txt closes it",
    Cause.CHALLENGE: "it turns us away",
    Cause.LOGIN: "its pages ask for a login",
    Cause.NOT_FOUND: "its listings are not found",
    Cause.PARKED: "its host is for sale",
    Cause.NO_LINKS: "its listings name no article",
    Cause.ERROR: "its answers are none that the program takes",
}
"""Words for the causes that counts tell (`tally`)."""

_OF_FAULT: Final[Mapping[str, Cause]] = {
    FaultName.UNRESOLVED: Cause.DNS,
    FaultName.REFUSED: Cause.REFUSED,
    FaultName.TLS: Cause.TLS,
    FaultName.TIMEOUT: Cause.TIMEOUT,
    FaultName.PROXY: Cause.PROXY,
    FaultName.RESET: Cause.CONNECTION,
    FaultName.TRUNCATED: Cause.CONNECTION,
    FaultName.LENGTH: Cause.CONNECTION,
    FaultName.CHUNKING: Cause.CONNECTION,
    FaultName.GARBAGE: Cause.CONNECTION,
    FaultName.HEADERS: Cause.CONNECTION,
    FaultName.ENCODING: Cause.CONNECTION,
    FaultName.REDIRECT_LOOP: Cause.CONNECTION,
    FaultName.REDIRECT: Cause.CONNECTION,
    FaultName.PRIVATE_ADDRESS: Cause.DNS,
    FaultName.ROBOTS_BLOCKED: Cause.CHALLENGE,
    FaultName.ROBOTS_DELAY: Cause.CLOSED,
    FaultName.TOO_MANY_REQUESTS: Cause.CHALLENGE,
    FaultName.UNAVAILABLE: Cause.CHALLENGE,
    # Bodies beyond every bound, statuses that HTTP does not have, a 304 that nobody asked for: seen on no site yet.
    FaultName.OVERSIZE: Cause.ERROR,
    FaultName.STATUS: Cause.ERROR,
    FaultName.NOT_ASKED: Cause.ERROR,
}
"""What each fault comes to; `robots-unreachable` is not here, for the fault behind it is the cause, if one was met."""

_OF_STATUS: Final[Mapping[int, Cause]] = {
    401: Cause.LOGIN,
    403: Cause.CHALLENGE,
    404: Cause.NOT_FOUND,
    410: Cause.NOT_FOUND,
    429: Cause.CHALLENGE,
    503: Cause.CHALLENGE,
}


def tally(counts: Mapping[str, Any], *, articles: bool = True) -> dict[Cause, int]:
    """How often each cause was met in a run, by its faults and its answers that were errors; retries count.

    Without `articles` the articles that are no more (``gone``) are left out: those go one by one, and say nothing of
    the site.
    """
    out: dict[Cause, int] = {}

    def add(cause: Cause | None, number: int) -> None:
        if cause is not None and number > 0:
            out[cause] = out.get(cause, 0) + number

    for name, number in counts.items():
        kind, _, what = name.partition("/")
        if kind == "fault":
            add(_OF_FAULT.get(what), number)
        elif kind == "status":
            add(_of_status(int(what)), number)
    if not articles and Cause.NOT_FOUND in out:
        out[Cause.NOT_FOUND] -= min(out[Cause.NOT_FOUND], counts.get("gone", 0))
    add(Cause.CHALLENGE, counts.get(f"discovery/{Trouble.CHALLENGE}", 0))
    return {cause: number for cause, number in out.items() if number}


def _of_status(status: int) -> Cause | None:
    # Beyond 599 there is no status of HTTP: such an answer is counted as a fault.
    return _OF_STATUS.get(status, Cause.SERVER if 500 <= status <= 599 else None)


def foremost(counts: Mapping[str, Any], *, articles: bool = True) -> Cause | None:
    """The cause that was met most often, as `tally` counts; None if none was met."""
    told = tally(counts, articles=articles)
    return max(told, key=lambda cause: told[cause]) if told else None


def health_of(cause: Cause) -> Health:
    """What a site is of which nothing can be had for this cause."""
    if cause in (Cause.NOT_FOUND, Cause.PARKED):
        return Health.GONE
    return Health.BLOCKED if cause in (Cause.CLOSED, Cause.CHALLENGE, Cause.LOGIN) else Health.BROKEN


REFUSALS: Final[Mapping[str, Cause]] = {
    Reason.CHALLENGE: Cause.CHALLENGE,
    Reason.LOGIN: Cause.LOGIN,
    Reason.PARKED: Cause.PARKED,
    Reason.EMPTY: Cause.EMPTY,
    Reason.SOFT_404: Cause.NOT_FOUND,
    Reason.FRONT_PAGE: Cause.NOT_FOUND,
    Reason.REDIRECTED: Cause.NOT_FOUND,
    Reason.TOO_LARGE: Cause.LAYOUT,
    Reason.TOO_DEEP: Cause.LAYOUT,
    Reason.NOT_HTML: Cause.LAYOUT,
    Reason.NO_LAYOUT: Cause.LAYOUT,
    Reason.LISTING: Cause.LAYOUT,
    Reason.NO_TITLE: Cause.LAYOUT,
    Reason.NO_BODY: Cause.LAYOUT,
}
"""What it means if (nearly) all of a site's article pages are refused for a reason of the gate's."""


def next_step(cause: str | None, site: str) -> str:
    """What an operator does about a cause; empty where there is none."""
    return NEXT_STEPS[Cause(cause)].format(site=site) if cause else ""


def state_words(health: Health, cause: str | None, fields: Sequence[str]) -> str:
    """A state as it is told: ``ok``, ``blocked: challenge``, ``broken: layout (lead, author)``."""
    missing = f" ({', '.join(fields)})" if fields else ""
    return f"{health}: {cause}{missing}" if cause else str(health)
