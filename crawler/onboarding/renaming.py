"""A site's id in the program: the files that are named by it or say it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from inspect import getfile
from pathlib import Path

import crawler
from archive.sites import check_site_id
from crawler.catalogue import catalogue
from crawler.sites import all_sites, find_site

ROOT = Path(crawler.__file__).parent.parent
"""The folder of the program."""

_LOOKED = ("crawler", "docs", "tests")
_READ = (".py", ".md", ".toml", ".json", ".csv")


@dataclass(frozen=True, slots=True)
class Move:
    """A file or folder that gets another name, and its new text; None where that stays."""

    source: Path
    target: Path
    text: str | None = None


def plan(old: str, new: str, root: Path = ROOT) -> list[Move]:
    """What there is to do so that the spider `old` is called `new`; nothing if it is called so already.

    The spider's file, its class and its `name`; the folder of its golden pages; its line in the catalogue. Raises
    UnknownSite if there is no such spider, ValueError if `new` is no site id or taken (an entry of the catalogue with a
    host of the site is its own, unless it has one under `old`), or where the file is not one
    that can be changed by rule.
    """
    check_site_id(new)
    if old == new:
        raise ValueError(f"{old} is the id that the site has; give another")
    if old not in all_sites() and new in all_sites():
        return []
    spider = find_site(old)
    if new in all_sites():
        raise ValueError(f"there is a spider {new!r} already; articles of two sites are never mixed")
    listed_ids = {one.id: {_bare(host.host) for host in one.hosts} for one in catalogue()}
    own = old not in listed_ids and not {_bare(host) for host in spider.hosts}.isdisjoint(listed_ids.get(new, ()))
    if new in listed_ids and not own:
        raise ValueError(f"{new!r} is another publisher's id in the catalogue (crawler/catalogue.csv)")
    file = Path(getfile(spider))
    moves = [Move(file, file.with_name(f"{new}.py"), _spider_text(file, old, new))]
    goldens = root / "tests" / "sites"
    if (goldens / old).is_dir():
        moves.append(Move(goldens / old, goldens / new))
    if old in listed_ids:
        listed = Path(str(resources.files("crawler").joinpath("catalogue.csv")))
        moves.append(
            Move(listed, listed, re.sub(rf"^{old},", f"{new},", listed.read_text("utf-8"), flags=re.MULTILINE))
        )
    for move in moves:
        if move.target != move.source and move.target.exists():
            raise ValueError(f"{move.target} is there already; take another id, or move it away")
    return moves


@contextmanager
def renamed(moves: Sequence[Move]) -> Iterator[None]:
    """Do it; if that fails half way, or the body raises, all is as it was. Raises OSError."""
    done: list[tuple[Move, str | None]] = []
    try:
        for move in moves:
            before = move.source.read_text("utf-8") if move.text is not None else None
            done.append((move, before))
            if move.target != move.source:
                move.source.rename(move.target)
            if move.text is not None:
                move.target.write_text(move.text, "utf-8")
        yield
    except BaseException:
        for move, before in reversed(done):
            if move.target != move.source and not move.source.exists():
                move.target.rename(move.source)
            if before is not None:
                move.source.write_text(before, "utf-8")
        raise


def mentions(name: str, root: Path = ROOT) -> list[str]:
    """The files of the program that still say the site id `name`, and the folders that are called so."""
    word = re.compile(rf"(?<![a-z0-9_]){re.escape(name)}(?![a-z0-9_])")
    looked = [*root.glob("*.md"), *(file for folder in _LOOKED for file in (root / folder).rglob("*.*"))]
    found = set()
    for file in looked:
        place = file.relative_to(root)
        if name in place.parts:
            found.add("/".join(place.parts[: place.parts.index(name) + 1]) + "/")
        elif file.suffix in _READ and word.search(file.read_text("utf-8", "replace")):
            found.add(str(place))
    return sorted(found)


def _bare(host: str) -> str:
    return host.removeprefix("www.")


def _spider_text(file: Path, old: str, new: str) -> str:
    text = file.read_text("utf-8")
    was, becomes = (class_name(name) for name in (old, new))
    said = re.compile(rf"""^(    name\s*(?::[^=\n]+)?=\s*)(["']){old}\2""", re.MULTILINE)
    if file.stem != old or not re.search(rf"^class {was}\(", text, re.MULTILINE) or len(said.findall(text)) != 1:
        raise ValueError(
            f"{file}: cannot be renamed by rule; it should be called {old}.py and hold one class {was} that says "
            f'name = "{old}"'
        )
    return re.sub(rf"\b{was}\b", becomes, said.sub(rf"\g<1>\g<2>{new}\g<2>", text))


def class_name(site_id: str) -> str:
    """The name of a spider's class: ``bao_quang_ninh`` is BaoQuangNinh, as the naming test holds it."""
    return "".join(part.capitalize() for part in site_id.split("_"))
