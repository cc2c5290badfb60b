"""Articles of the sample web: files with a TOML head, and what an address makes of a title."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HANOI = dt.timezone(dt.timedelta(hours=7))


@dataclass
class Article:
    """One article file: TOML between +++ lines, then the body as an editor left it."""

    key: str
    meta: dict[str, Any]
    raw: str
    fetched: int = 0

    @classmethod
    def read(cls, file: Path) -> Article:
        """Parse an article file."""
        before, front, body = file.read_text(encoding="utf-8").split("+++\n", 2)
        if before.strip():
            raise ValueError(f"{file}: text before the front matter")
        meta = tomllib.loads(front)
        for name in ("title", "section", "published"):
            if name not in meta:
                raise ValueError(f"{file}: no {name}")
        dt.datetime.fromisoformat(meta["published"])
        return cls(file.stem, meta, body.strip())

    def version(self, edited: bool) -> Article:
        """The article as first published, or its second version if it has one and it is asked for."""
        change = self.meta.get("edit")
        if not edited or not change:
            return self
        raw = self.raw
        for old, new in change.get("replace", []):
            if old not in raw:
                raise ValueError(f"{self.key}: edit does not apply: {old}")
            raw = raw.replace(old, new)
        rest = {name: value for name, value in change.items() if name != "replace"}
        return Article(self.key, {**self.meta, "slug": self.slug, **rest}, raw, self.fetched)

    @property
    def published(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.meta["published"]).replace(tzinfo=HANOI)

    @property
    def modified(self) -> dt.datetime:
        text = self.meta.get("modified", self.meta["published"])
        return dt.datetime.fromisoformat(text).replace(tzinfo=HANOI)

    @property
    def title(self) -> str:
        return str(self.meta["title"])

    @property
    def section(self) -> str:
        return str(self.meta["section"])

    @property
    def slug(self) -> str:
        return str(self.meta.get("moved_to") or self.meta.get("slug") or slugify(self.title))

    @property
    def pages(self) -> list[str]:
        """The body, cut at the CMS's page breaks."""
        return [page.strip() for page in self.raw.split("<!--nextpage-->")]

    def __getattr__(self, name: str) -> Any:
        """Front matter by name, for templates; what is not there is empty."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self.meta.get(name, "")


def slugify(text: str) -> str:
    """An address word by word: no marks, lower case, hyphens."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
