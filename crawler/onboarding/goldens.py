"""The golden pages of a site: pages as it sent them, and what a careful person reads on each.

A site's folder holds for each page ``<name>.html.gz`` (the body, content-decoded, as extraction sees it) and
``<name>.json`` (how it was fetched, then every field of `FIELDS`), and one ``site.json`` that says whether a person
has compared them. Whatever changes in the folder after that takes the review back.
"""

import difflib
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from archive.article import Article, Dated, Precision, Rejection
from archive.database import ArchiveError
from archive.ledger import Found
from crawler.declaration import SiteDeclaration
from crawler.extraction.page import Page
from crawler.extraction.text import slug
from crawler.reading import read_pages

SITES = Path(__file__).resolve().parents[2] / "tests" / "sites"
"""Where the folders of all sites lie, in the repository."""

FIELDS = (
    "url", "key", "title", "lead", "blocks", "captions", "kind", "published", "modified", "author",
    "affiliation", "source_credit", "section", "tags", "views", "language", "attachments", "layout",
    "flags", "declared_charset", "used_charset", "more_pages", "rejection",
)  # fmt: skip
"""What a golden says of its page, in this order. `more_pages` are the addresses that the page says it goes
on at (their bodies are in `blocks` where they are read with it), `rejection` the reason word of a page that is no
article."""

FETCHED = ("address", "content_type", "fetched_at", "found")
"""What stands before them in the golden of a site's page: final address, header, instant, what discovery told."""

LONGEST_NAME = 80
"""Characters of a page's name; file systems take 255, and some keys are slugs of whole titles."""

REVIEW = "site.json"

Golden = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SavedPage:
    """One response as a golden keeps it.

    `url` is the final address, `body` what came after content-decoding, `fetched_at` when (dates after it are
    impossible), `found` what discovery told of the article; None where only its address is known.
    """

    url: str
    content_type: str
    body: bytes
    fetched_at: datetime
    found: Found | None = None


@dataclass(frozen=True, slots=True)
class GoldenPage:
    """A golden page under its name: the page, and the fields that are to be read on it."""

    name: str
    saved: SavedPage
    expected: Golden


@dataclass(frozen=True, slots=True)
class Review:
    """Whether a person has looked: when and who; `stands` is False if nobody did, or if pages changed since."""

    at: datetime | None = None
    by: str | None = None
    stands: bool = False


# -- the one form ---------------------------------------------------------------------------------
def golden_of(result: Article | Rejection, more_pages: Sequence[str] = ()) -> Golden:
    """What was read of a page, in a golden's form; of a page that is no article the reason alone."""
    if isinstance(result, Rejection):
        return {name: result.reason if name == "rejection" else None for name in FIELDS}
    return {
        "url": result.url,
        "key": result.key,
        "title": result.title,
        "lead": result.lead,
        "blocks": [[str(block.kind), block.text] for block in result.blocks],
        "captions": list(result.captions),
        "kind": str(result.kind),
        "published": _dated(result.published),
        "modified": _dated(result.modified),
        "author": result.author,
        "affiliation": result.affiliation,
        "source_credit": result.source_credit,
        "section": result.section,
        "tags": list(result.tags),
        "views": result.views,
        "language": result.language,
        "attachments": [[one.url, one.label] for one in result.attachments],
        "layout": result.layout,
        "flags": list(result.flags),
        "declared_charset": result.declared_charset,
        "used_charset": result.used_charset,
        "more_pages": list(more_pages),
        "rejection": None,
    }


def written(golden: Mapping[str, Any]) -> str:
    """A golden as it stands in its file: the same wherever it is written."""
    return json.dumps(golden, ensure_ascii=False, indent=1) + "\n"


def differing(expected: Mapping[str, Any], read: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields in which a reading is not what its golden says, in their order."""
    return tuple(field for field in FIELDS if expected.get(field) != read.get(field))


def differences(old: Golden, new: Golden) -> Iterator[str]:
    """What differs between two goldens, field by field, as lines: old ones with ``-``, new ones with ``+``."""
    for field in (*FIELDS, *(field for field in old if field not in FIELDS)):
        before, after = lines_of(old.get(field)), lines_of(new.get(field))
        if before == after:
            continue
        yield f"{field}:"
        for line in difflib.ndiff(before, after):
            if line[0] in "-+":
                yield f"  {line}"


def lines_of(value: Any) -> list[str]:
    """A field's value as lines, so that one block that changed is one line that changed."""
    entries = value if isinstance(value, list) and value else [value]
    return [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in entries]


# -- pages ----------------------------------------------------------------------------------------
def read_saved(spider: type[SiteDeclaration], page: SavedPage) -> tuple[Article | Rejection, tuple[str, ...]]:
    """Read a page as a crawl of today reads it, and the address of the further page it goes on at, if it does.

    Of an article on several pages this is what its first page says.
    """
    result, more = read_pages(
        spider, found_of(spider, page), [Page(page.url, page.body, page.content_type)], page.fetched_at
    )
    return result, (more,) if more is not None else ()


def reading_of(spider: type[SiteDeclaration], page: SavedPage) -> Golden:
    """The same in a golden's form."""
    return golden_of(*read_saved(spider, page))


def found_of(spider: type[SiteDeclaration], page: SavedPage) -> Found:
    """What discovery told of a page; where it told nothing, what the address does."""
    if page.found is not None:
        return page.found
    key = spider.article_key(page.url)
    if key is None:
        return Found(page.url, "", "")
    address = spider.canonical_url(page.url)
    return Found(address, key, "", section=spider.section_of(address), listed=spider.date_in_url(address))


# -- the folder of a site -------------------------------------------------------------------------
def write_goldens(folder: Path, spider: type[SiteDeclaration], pages: Sequence[SavedPage]) -> list[str]:
    """Keep `pages` with what is read of them now, to be reviewed, and give their names.

    A page whose address has a golden already takes its place; the others stay. Of pages that led to one address the
    last is kept, and named once. Takes the review back. Raises ArchiveError if the folder cannot be written to.
    """
    names = {one.saved.url: one.name for one in read_goldens(folder)}
    out = []
    for page in {page.url: page for page in pages}.values():
        name = names.setdefault(page.url, _name_for(found_of(spider, page).key, set(names.values())))
        golden = _fetched(page) | reading_of(spider, page)
        # The same bytes each time: a page that is kept again is no change.
        _write(folder / f"{name}.html.gz", gzip.compress(page.body, mtime=0))
        _write(folder / f"{name}.json", written(golden).encode())
        out.append(name)
    _write_review(folder, None, None)
    return out


def read_goldens(folder: Path) -> list[GoldenPage]:
    """The golden pages in a site's folder by name; none if there is no such folder.

    Raises ArchiveError naming a file that is not one of ours.
    """
    return [_read_golden(file) for file in _golden_files(folder)]


def update_goldens(folder: Path, spider: type[SiteDeclaration]) -> dict[str, tuple[Golden, Golden]]:
    """Let the goldens expect what is read now; give those that changed, what they said and what they say.

    Takes the review back if any did. Raises ArchiveError if a golden cannot be read or written.
    """
    changed = {}
    for page in read_goldens(folder):
        now = reading_of(spider, page.saved)
        if differing(page.expected, now):
            _write(folder / f"{page.name}.json", written(_fetched(page.saved) | now).encode())
            changed[page.name] = page.expected, now
    if changed:
        _write_review(folder, None, None)
    return changed


def review_of(folder: Path) -> Review:
    """What ``site.json`` says of the pages in its folder; of no pages there is no review that stands.

    Raises ArchiveError if it cannot be read.
    """
    file = folder / REVIEW
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        at = datetime.fromisoformat(said["reviewed"]) if said["reviewed"] else None
        stands = at is not None and bool(_golden_files(folder)) and said["digest"] == digest(folder)
        return Review(at, said["by"], stands)
    except FileNotFoundError:
        return Review()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArchiveError(f"{file}: cannot be read ({error!r}); delete it, and review the site again") from error


def accept(folder: Path, at: datetime, by: str) -> Review:
    """Mark the pages as they are now as reviewed. Raises ArchiveError if there is none."""
    if not read_goldens(folder):
        raise ArchiveError(f"{folder}: there is no golden page to accept; `baotinh sites add` writes some")
    _write_review(folder, at, by)
    return Review(at, by, True)


def digest(folder: Path) -> str:
    """What the pages in a folder and their goldens are, in 64 letters: a review is of these and no others."""
    out = sha256()
    for file in sorted((*folder.glob("*.html.gz"), *folder.glob("*.json"))):
        if file.name != REVIEW:
            body = file.read_bytes()
            # Its name and length too, so that no byte can wander from one file into the next.
            out.update(f"{file.name} {len(body)}\n".encode() + body)
    return out.hexdigest()


def _golden_files(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.glob("*.json")) if file.name != REVIEW]


def _read_golden(file: Path) -> GoldenPage:
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        body = gzip.decompress(file.with_suffix(".html.gz").read_bytes())
        fetched_at = datetime.fromisoformat(said["fetched_at"])
        saved = SavedPage(said["address"], said["content_type"], body, fetched_at, _found_in(said["found"]))
        return GoldenPage(file.stem, saved, {field: said[field] for field in FIELDS})
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error) as error:
        raise ArchiveError(
            f"{file}: is no golden page ({error!r}); take it and its .html.gz from a copy, or delete both"
        ) from error


def _fetched(page: SavedPage) -> Golden:
    found = page.found
    return {
        "address": page.url,
        "content_type": page.content_type,
        "fetched_at": page.fetched_at.isoformat(),
        "found": found
        and {
            "url": found.url,
            "key": found.key,
            "found_on": found.found_on,
            "section": found.section,
            "title": found.title,
            "listed": _dated(found.listed),
            "modified": found.modified.isoformat() if found.modified else None,
        },
    }


def _found_in(said: Golden | None) -> Found | None:
    if said is None:
        return None
    listed, modified = said["listed"], said["modified"]
    return Found(
        url=said["url"],
        key=said["key"],
        found_on=said["found_on"],
        section=said["section"],
        title=said["title"],
        listed=listed
        and Dated(
            datetime.fromisoformat(listed["instant"]), Precision(listed["precision"]), listed["raw"], listed["source"]
        ),
        modified=modified and datetime.fromisoformat(modified),
    )


def _dated(found: Dated | None) -> dict[str, str] | None:
    if found is None:
        return None
    return {
        "instant": found.instant.isoformat(),
        "precision": str(found.precision),
        "source": found.source,
        "raw": found.raw,
    }


def _name_for(key: str, taken: set[str]) -> str:
    base = slug(key)[:LONGEST_NAME].strip("-") or "page"
    name, number = base, 1
    while name in taken or f"{name}.json" == REVIEW:
        number += 1
        name = f"{base}-{number}"
    return name


def _write_review(folder: Path, at: datetime | None, by: str | None) -> None:
    said = {"reviewed": at and at.isoformat(), "by": by, "digest": at and digest(folder)}
    _write(folder / REVIEW, written(said).encode())


def _write(file: Path, body: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    except OSError as error:
        raise ArchiveError(f"{file}: cannot be written ({error.strerror}); make room or give the rights") from error
