"""Redirects: followed to the site's own hosts, a few times, and told apart where they lead nowhere."""

from typing import Any

from scrapy.downloadermiddlewares.redirect import BaseRedirectMiddleware, MetaRefreshMiddleware, RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response

from crawler.conditional import make_whole
from crawler.faults import FaultName, count, named

FOLLOWED = (301, 302, 303, 307, 308)
"""The statuses that lead to another address (RFC 9110, 15.4)."""


class _Bounded(BaseRedirectMiddleware):
    """Says that a redirect went on too long, and never loses one to Scrapy's filter of requests made before."""

    def _redirect(self, redirected: Request, request: Request, reason: Any) -> Request:
        try:
            further = super()._redirect(redirected, request, reason)
        except IgnoreRequest as error:
            words = f"more than {self.max_redirect_times} redirects, the last one to {redirected.url}"
            raise count(self.crawler, named(FaultName.REDIRECT_LOOP, words)) from error
        # One that leads where we have been would be dropped without a word, and its URL stay due for ever.
        further.dont_filter = True
        make_whole(further)
        return further


class SiteRedirects(_Bounded, RedirectMiddleware):
    """Follows redirects; `SiteHostsMiddleware` refuses what leaves the site's hosts."""

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Give the request to follow, or the response if it is no redirect. Raises Fault where it leads nowhere."""
        where = (response.headers.get("Location") or b"").decode("latin-1")
        try:
            result: Request | Response = super().process_response(request, response)
        except ValueError as error:
            raise self._nowhere(where) from error
        if result is response and response.status in FOLLOWED:
            raise self._nowhere(where)
        return result

    def _nowhere(self, where: str) -> Exception:
        words = f"the redirect leads to {where[:200]!r}, which is not followed" if where else "it has no Location"
        return count(self.crawler, named(FaultName.REDIRECT, words))


class SiteRefreshes(_Bounded, MetaRefreshMiddleware):
    """Follows redirects that a page names in its head, as `SiteRedirects` does those of HTTP."""
