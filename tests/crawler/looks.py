"""What discovery asks of `archive.looks.Looks`, for tests whose archive is made up: nothing is known of any answer."""

from collections.abc import Collection
from datetime import datetime

from archive.looks import Answer, KeptPage, Look
from archive.models import UrlKind


class NoLooks:
    """Looks that know nothing and keep nothing, but for the sources that failed (`failures`: how often)."""

    def __init__(self) -> None:
        self.failures: dict[str, int] = {}

    def at(self, url: str) -> Look:
        return Look()

    def of(self, urls: Collection[str]) -> dict[str, Look]:
        return {}

    def kept(self, url: str, body_hash: str) -> KeptPage | None:
        return None

    def kept_until(self, url: str, until: datetime) -> KeptPage | None:
        return None

    def answered(self, url: str, kind: UrlKind, answer: Answer) -> bool:
        return False

    def read(self, url: str) -> None:
        pass

    def failed(self, url: str, kind: UrlKind, reason: str, *, soft: bool) -> None:
        self.failures[url] = self.failures.get(url, 0) + 1
