"""A spider's file with further layouts: edited where they stand, so that the rest of it stays byte for byte."""

import ast
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from archive.database import ArchiveError
from crawler.extraction.layout import Layout
from crawler.families.base import SiteSpider
from crawler.onboarding.adding import load
from crawler.onboarding.declare import WIDTH, layout_source
from crawler.onboarding.sources import comments, day_of, end_by_function, name_of
from crawler.onboarding.succession import began_after, succeeded
from crawler.sites import all_sites

_STEP: Final = "    "
_OURS: Final = frozenset({"archive", "crawler", "schedules", "commands"})
"""Packages of this program, whose imports stand last."""

_LAYOUT: Final = "crawler.extraction.layout"


@dataclass(frozen=True)
class _Edit:
    """Bytes from `start` to `end` that become `text`."""

    start: int
    end: int
    text: str


def file_of(spider: type[SiteSpider]) -> Path:
    """The file that declares a spider."""
    file = sys.modules[spider.__module__].__file__
    assert file is not None, "spiders are loaded from files"
    return Path(file)


def with_layouts(
    source: str,
    class_name: str,
    new: Sequence[Layout],
    until: date,
    *,
    replaced: Collection[str] = (),
    edition: int | None = None,
) -> str:
    """The source of a spider's file whose class has the `new` layouts before the others, which are used up to `until`.

    Those whose names are `replaced` are taken out. Its `edition` becomes that which is given, or is raised. Raises
    ValueError, naming the line, for source that is written in a way that is not understood, or that has a comment which
    would be lost.
    """
    made = _Source(source, class_name).with_layouts(new, until, replaced, edition)
    before = comments(source)
    lost = Counter(text for text, _ in before) - Counter(text for text, _ in comments(made))
    for text, line in before:
        if text in lost:
            raise ValueError(f"line {line}: the comment {text!r} would be lost; move it to a line above `layouts`")
    return made


def rewrite(
    spider: type[SiteSpider],
    new: Sequence[Layout],
    until: date,
    *,
    replaced: Collection[str] = (),
    edition: int | None = None,
) -> Path:
    """Write the `new` layouts into the file of a spider, before the others, and give the file.

    Those whose names are `replaced` are taken out; the others are used up to `until`. `edition` is the site's from now
    on, one more than it was if none is given. What is written is loaded from another place first, and has to declare
    just that. Raises ArchiveError, and leaves the file as it was, if it does not, if the file cannot be written, or if
    another site's spider derives from this one.
    """
    heirs = [name for name, other in all_sites().items() if issubclass(other, spider) and name != spider.name]
    file = file_of(spider)
    if heirs:
        raise ArchiveError(
            f"{file}: {', '.join(heirs)} would get the layouts of {spider.name} too, since its spider derives from it; "
            "let both derive from a family, or write the layouts into both by hand. Nothing was changed"
        )
    edition = spider.edition + 1 if edition is None else edition
    wanted = succeeded(new, spider.layouts, until, replaced)
    try:
        # As it is: newlines of another system are kept.
        source = file.read_bytes().decode()
        made = with_layouts(source, spider.__name__, new, until, replaced=replaced, edition=edition)
    except (OSError, ValueError, SyntaxError) as error:
        raise ArchiveError(f"{file}: cannot be rewritten ({error}); or write the layout into it by hand") from error
    with tempfile.TemporaryDirectory(prefix="baotinh-relearn-") as scratch:
        trial = Path(scratch) / file.name
        trial.write_bytes(made.encode())
        _check(trial, spider, wanted, edition)
    # Beside it: what is moved into its place must be on the same disk. No name of a module: nobody takes it for one.
    try:
        number, name = tempfile.mkstemp(prefix=f".{file.name}-", suffix=".new", dir=file.parent)
    except OSError as error:
        raise ArchiveError(f"{file.parent}: cannot be written ({error.strerror}); nothing was changed") from error
    beside = Path(name)
    try:
        with os.fdopen(number, "wb") as opened:
            opened.write(made.encode())
            opened.flush()
            os.fsync(opened.fileno())
        beside.chmod(file.stat().st_mode)
        beside.replace(file)
    except OSError as error:
        raise ArchiveError(f"{file}: cannot be written ({error.strerror}); it is as it was") from error
    finally:
        beside.unlink(missing_ok=True)
    return file


def _check(file: Path, spider: type[SiteSpider], wanted: Sequence[Layout], edition: int) -> None:
    """Raises ArchiveError if what was made does not declare the site as it was, with the layouts that are wanted."""
    made = load(file, spider.name, spider.__name__)
    same = ("name", "title", "province", "hosts", "sections", "family", "article_path")
    wrong = [name for name in same if getattr(made, name) != getattr(spider, name)]
    wrong += ["layouts"] * (made.layouts != tuple(wanted)) + ["edition"] * (made.edition != edition)
    if wrong:
        raise ArchiveError(f"{spider.name}: {', '.join(wrong)} would not be as meant; write the layout by hand")


class _Source:
    """A spider's file, its class, and the edits that are made to it."""

    def __init__(self, source: str, class_name: str) -> None:
        self._newline = "\r\n" if "\r\n" in source else "\n"
        # Lines are put after others.
        source = source if source.endswith("\n") else source + self._newline
        self._bytes = source.encode()
        self._starts = [0]
        for line in self._bytes.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._tree = ast.parse(source)
        found = [one for one in self._tree.body if isinstance(one, ast.ClassDef) and one.name == class_name]
        if not found:
            raise ValueError(f"it has no class {class_name}")
        self._class = found[0]
        self._edits: list[_Edit] = []

    def with_layouts(
        self, new: Sequence[Layout], until: date, replaced: Collection[str], edition_number: int | None
    ) -> str:
        day = f"date({until.year}, {until.month}, {until.day})"
        names = {"datetime": {"date"}, _LAYOUT: {"Layout"}}
        lines = [f"{2 * _STEP}{line}" for one in new for line in _element(one)]
        declared = self._assigned("layouts")
        edition = self._raise_edition(edition_number)
        if declared is None:
            base = ast.unparse(self._class.bases[0])
            lines = [f"{_STEP}layouts = (", *lines, f"{2 * _STEP}*outdated({base}.layouts, {day}),", f"{_STEP})"]
            self._insert(self._line(self._last_assigned().end_lineno), [*edition, *lines])
            names[_LAYOUT].add("outdated")
        else:
            self._insert(self._line(declared.lineno - 1), edition)
            assert declared.value is not None, "it is assigned"
            if self._put_before(declared.value, lines, until, day, replaced):
                names[_LAYOUT].add("outdated")
        for module, wanted in names.items():
            self._import(module, wanted)
        return self._edited()

    # -- the layouts ------------------------------------------------------------------------------
    def _put_before(self, value: ast.expr, lines: list[str], until: date, day: str, replaced: Collection[str]) -> bool:
        """Put `lines` before the declared layouts, which are dated; whether one of them is dated by `outdated`."""
        if not isinstance(value, ast.Tuple):
            lines += [f"{2 * _STEP}*outdated({self._text(value)}, {day}),"]
            self._replace(value, self._newline.join(["(", *lines, f"{_STEP})"]))
            return True
        stay = [one for one in value.elts if name_of(one) not in replaced]
        dated = [(one, *self._dated(one, until, day)) for one in stay]
        by_function = any(is_call for *_, is_call in dated)
        if value.elts and value.elts[0].lineno > value.lineno:
            self._insert(self._line(value.lineno), lines)
            for one, text, _ in dated:
                if text != self._text(one):
                    self._replace(one, text)
            for one in value.elts:
                if one not in stay:
                    self._take_out(one)
            return by_function
        lines += [f"{2 * _STEP}{text}," for _, text, _ in dated]
        self._replace(value, self._newline.join(["(", *lines, f"{_STEP})"]))
        return by_function

    def _take_out(self, one: ast.expr) -> None:
        """Take the lines of an element out, which has them for itself."""
        assert one.end_lineno is not None, "parsed source has places"
        start, end = self._line(one.lineno - 1), self._line(one.end_lineno)
        inner, after = self._span(one)
        if self._cut(start, inner).strip() or self._cut(after, end).strip() not in (",", ""):
            raise ValueError(f"line {one.lineno}: the layout to be replaced shares a line; give it lines of its own")
        self._edits.append(_Edit(start, end, ""))

    def _dated(self, one: ast.expr, until: date, day: str) -> tuple[str, bool]:
        """The source of one of the declared layouts as it was used up to `until`, and whether `outdated` says so."""
        text = self._text(one)
        if isinstance(one, ast.Starred):
            end = end_by_function(one.value)
            known = day_of(end) if end is not None else None
            if end is None or known is None:
                return f"*outdated({self._text(one.value)}, {day})", True
            return (self._with_end(one, end, day) if known > until else text), False
        if (name := name_of(one)) is not None and began_after(name, until):
            return text, False
        if not isinstance(one, ast.Call) or ast.unparse(one.func).rpartition(".")[2] not in ("Layout", "replace"):
            return f"*outdated(({text},), {day})", True
        ends = [keyword.value for keyword in one.keywords if keyword.arg == "until"]
        if not ends:
            return self._with_argument(one, f"until={day}"), False
        if ast.unparse(ends[0]) == "None" or (day_of(ends[0]) or until) > until:
            return self._with_end(one, ends[0], day), False
        return text, False

    def _with_end(self, one: ast.expr, end: ast.expr, day: str) -> str:
        """The source of an element whose last day is another."""
        start, stop = self._span(one)
        inner, after = self._span(end)
        return self._cut(start, inner) + day + self._cut(after, stop)

    def _with_argument(self, call: ast.Call, argument: str) -> str:
        """The source of a call with a further argument, on lines as ruff would have them."""
        parts: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
        start, end = self._span(call)
        lines = [part.lineno for part in parts]
        last = self._span(parts[-1])[1]
        if call.lineno == call.end_lineno:
            text = f"{self._cut(start, last)}, {argument})"
            if call.col_offset + len(text) + 1 <= WIDTH:
                return text
        closing = self._line(call.end_lineno - 1 if call.end_lineno else 0)
        has_comments = any(True for _ in comments(self._cut(start, end)))
        if lines[0] > call.lineno and (has_comments or len(set(lines)) == len(lines)) and closing > last:
            rest, margin = self._cut(last, closing), self._cut(closing, end)[:-1]
            comma = "" if rest.lstrip().startswith(",") else ","
            added = f"{margin}{_STEP}{argument},{self._newline}"
            return self._cut(start, last) + comma + rest + added + self._cut(closing, end)
        each = [f"{3 * _STEP}{self._text(part)}," for part in parts]
        return self._newline.join([f"{self._text(call.func)}(", *each, f"{3 * _STEP}{argument},", f"{2 * _STEP})"])

    def _raise_edition(self, number: int | None) -> list[str]:
        """Raise the edition where it stands, to `number` if that is given; else the line that declares it."""
        found = self._assigned("edition")
        if found is None:
            return [f"{_STEP}edition = {1 if number is None else number}"]
        if not isinstance(found.value, ast.Constant) or not isinstance(found.value.value, int):
            raise ValueError(f"line {found.lineno}: its edition is no number")
        self._replace(found.value, str(found.value.value + 1 if number is None else number))
        return []

    def _assigned(self, name: str) -> "ast.Assign | ast.AnnAssign | None":
        for one in self._class.body:
            if not isinstance(one, ast.Assign | ast.AnnAssign) or one.value is None:
                continue
            targets = one.targets if isinstance(one, ast.Assign) else [one.target]
            if any(ast.unparse(target) == name for target in targets):
                return one
        return None

    def _last_assigned(self) -> ast.stmt:
        """The last statement of the class before its methods."""
        before: list[ast.stmt] = []
        for one in self._class.body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                break
            before.append(one)
        if not before:
            raise ValueError(f"line {self._class.lineno}: its class declares nothing")
        return before[-1]

    # -- imports ----------------------------------------------------------------------------------
    def _import(self, module: str, wanted: set[str]) -> None:
        """Let names of a module be imported, where isort's order has them."""
        known = [one for one in self._tree.body if isinstance(one, ast.Import | ast.ImportFrom)]
        if not known:
            raise ValueError("it imports nothing, not even its family")
        bound = {alias.asname or alias.name for one in known for alias in one.names}
        missing = wanted - bound
        if not missing:
            return
        for one in known:
            if isinstance(one, ast.ImportFrom) and one.module == module and not one.level:
                said = {ast.unparse(alias) for alias in one.names}
                self._replace(one, _import_line(module, said | missing))
                return
        key = _place(module, is_from=True)
        line = _import_line(module, missing)
        near = [one for one in known if _place_of(one)[0] == key[0]]
        smaller = [one for one in near if _place_of(one) < key]
        later = [one for one in known if _place_of(one) > key]
        if smaller:
            self._insert(self._line(smaller[-1].end_lineno), [line])
        elif near:
            self._insert(self._line(near[0].lineno - 1), [line])
        elif later:
            self._insert(self._line(later[0].lineno - 1), [line, ""])
        else:
            self._insert(self._line(known[-1].end_lineno), ["", line])

    # -- text -------------------------------------------------------------------------------------
    def _line(self, number: int | None) -> int:
        """Where the line after line `number` (from 1) begins."""
        assert number is not None, "parsed source has places"
        return self._starts[number]

    def _span(self, node: "ast.expr | ast.stmt | ast.keyword") -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None, "parsed source has places"
        first, last = self._starts[node.lineno - 1], self._starts[node.end_lineno - 1]
        return first + node.col_offset, last + node.end_col_offset

    def _cut(self, start: int, end: int) -> str:
        return self._bytes[start:end].decode()

    def _text(self, node: "ast.expr | ast.keyword") -> str:
        return self._cut(*self._span(node))

    def _replace(self, node: "ast.expr | ast.stmt", text: str) -> None:
        self._edits.append(_Edit(*self._span(node), text))

    def _insert(self, at: int, lines: Sequence[str]) -> None:
        if lines:
            self._edits.append(_Edit(at, at, "".join(f"{line}{self._newline}" for line in lines)))

    def _edited(self) -> str:
        out = self._bytes
        # From the end, so that places stay; of two at one place the first that was made comes first.
        for number in sorted(range(len(self._edits)), key=lambda number: (self._edits[number].start, number))[::-1]:
            one = self._edits[number]
            out = out[: one.start] + one.text.encode() + out[one.end :]
        return out.decode()


def _element(layout: Layout) -> list[str]:
    """A layout as an element of a tuple."""
    lines = layout_source(layout)
    return [*lines[:-1], f"{lines[-1]},"]


def _import_line(module: str, names: Iterable[str]) -> str:
    ordered = sorted(names, key=lambda name: (0 if name.isupper() else 1 if name[0].isupper() else 2, name))
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"from {module} import (", *(f"{_STEP}{name}," for name in ordered), ")"])


def _place(module: str, *, is_from: bool) -> tuple[int, bool, str]:
    root = module.partition(".")[0]
    return (0 if root in sys.stdlib_module_names else 2 if root in _OURS else 1), is_from, module


def _place_of(one: ast.Import | ast.ImportFrom) -> tuple[int, bool, str]:
    if isinstance(one, ast.ImportFrom):
        return _place(one.module or "", is_from=True)
    return _place(one.names[0].name, is_from=False)
