"""How the changes of an article are shown: show --history."""

from rich.console import Console
from rich.text import Text

from archive.history import Revised
from archive.query import Shown
from commands.wording import How, Piece, word_diff

_STYLES = {How.OUT: "red strike", How.IN: "green", How.LEFT_OUT: "dim"}
_MARKS = {How.OUT: ("[-", "-]"), How.IN: ("{+", "+}")}
"""How changes are marked without colours, as `git diff --word-diff=plain` does."""


def print_history(shown: Shown, revisions: list[Revised], console: Console) -> None:
    """Print every revision of an article with what its publisher changed."""
    record = shown.record
    console.print(Text(f"{record.id}  {record.title}", style="bold"), soft_wrap=True)
    console.print(Text(f"{record.url}\nfirst fetched {record.first_fetched_at:%Y-%m-%d %H:%M}"), soft_wrap=True)
    if record.gone_at:
        console.print(Text(f"gone from the site since {record.gone_at:%Y-%m-%d}; its text stays"), soft_wrap=True)
    if not revisions:
        console.print("No change by its publisher was seen.")
    coloured = console.is_terminal and not console.no_color
    for one in revisions:
        console.print()
        head = f"revision {one.number}, seen {one.seen_at:%Y-%m-%d %H:%M}: {', '.join(one.changed)}"
        console.print(Text(f"{head} (extractor {one.version})", style="bold"), soft_wrap=True)
        for name in one.changed:
            if name == "text":
                pieces = word_diff(one.before.blocks, one.after.blocks)
            else:
                before, after = (side.fields.get(name, "") for side in (one.before, one.after))
                pieces = word_diff([before] if before else [], [after] if after else [])
            console.print(Text(f"  {name}:"), diff_text(pieces, coloured=coloured), soft_wrap=not console.is_terminal)


def diff_text(pieces: list[Piece], *, coloured: bool) -> Text:
    """A word diff for a terminal: taken out red and struck, put in green; or ``[-old-]{+new+}`` without colours."""
    out = Text()
    for number, piece in enumerate(pieces):
        if number:
            out.append("" if _joins(pieces[number - 1], piece) and not coloured else " ")
        opens, closes = ("", "") if coloured else _MARKS.get(piece.how, ("", ""))
        words = f"... {len(piece.words)} words ..." if piece.how is How.LEFT_OUT else " ".join(piece.words)
        out.append(f"{opens}{words}{closes}", style=_STYLES.get(piece.how, "") if coloured else "")
    return out


def _joins(before: Piece, after: Piece) -> bool:
    return before.how is How.OUT and after.how is How.IN
