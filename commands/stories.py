"""How a story is shown: who printed it first, who after, on what evidence, and in which words they differ."""

from rich.console import Console
from rich.text import Text

from archive.article import Dated, Precision
from archive.groups import Carrier, Delay, Story
from archive.records import Record
from commands.common import counted
from commands.history import diff_text
from commands.wording import word_diff

MOST_CARRIERS = 20
"""Articles of a story that are listed unless all are asked for: what fits on a screen with two lines each."""

_TWO_DAYS = 48
"""Hours from which a delay is told in days."""


def print_story(story: Story, shown: Record, console: Console, *, versions: bool) -> None:
    """Print who else prints the story of an article, and how its words differ from those of the first.

    With `versions` all of a long list, and the differences of every version. A story that stands in one article only
    prints nothing.
    """
    if len(story.carriers) == 1:
        return

    def say(line: str, style: str = "") -> None:
        console.print(Text(line, style=style), soft_wrap=True)

    say(_head(story), "bold")
    titles: dict[str, str] = {}
    for one in story.carriers:
        titles.setdefault(one.record.text_id or "", one.record.site_title)
    listed = story.carriers if versions else story.carriers[:MOST_CARRIERS]
    for one in listed:
        _print_carrier(one, story, shown, titles, console)
    left = len(story.carriers) - len(listed)
    if left:
        say(f"  ... and {left:,} more; baotinh show {shown.id} --versions lists all")
        for one in story.carriers[MOST_CARRIERS:]:
            if one.record.id == shown.id:
                _print_carrier(one, story, shown, titles, console)
    told: set[str | None] = {story.first.text_id}
    for one in story.carriers:
        if one.record.text_id not in told and (versions or one.record.id == shown.id):
            told.add(one.record.text_id)
            _print_difference(story.first, one.record, console)


def delay_words(delay: Delay) -> str:
    """A delay as people say it: ``1.5 hours later``, ``3 days later``, ``the same day``, ``20 minutes earlier``."""
    if delay.hours is None:
        number, unit = float(delay.days), "day"
    elif abs(delay.hours) < 1:
        number, unit = float(round(delay.hours * 60)), "minute"
    elif abs(delay.hours) < _TWO_DAYS:
        number, unit = delay.hours, "hour"
    else:
        number, unit = delay.hours / 24, "day"
    if number == 0:
        return "the same day" if delay.hours is None else "at the same time"
    size = f"{abs(number):.1f}".removesuffix(".0")
    return f"{size} {unit}{'' if size == '1' else 's'} {'later' if number > 0 else 'earlier'}"


def _head(story: Story) -> str:
    sites = {one.record.site for one in story.carriers}
    texts = {one.record.text_id for one in story.carriers}
    size = f"{len(story.carriers):,} articles on {counted(len(sites), 'site')}"
    if not story.compared:
        return f"the same words in {size}; not compared with other texts yet (baotinh reprints rebuild)"
    return f"text group {story.text_group}: {size}, {counted(len(texts), 'version')} of the text"


def _print_carrier(one: Carrier, story: Story, shown: Record, titles: dict[str, str], console: Console) -> None:
    record = one.record
    if record is story.first:
        when = "first"
    elif one.delay is not None:
        when = delay_words(one.delay)
    else:
        when = "after" if record.published else "undated"
    day = f", {_day(record.published)}" if record.published else ""
    this = " (this article)" if record.id == shown.id else ""
    console.print(Text(f"  {when}: {record.site_title}{day}, {record.id}{this} {record.url}"), soft_wrap=True)
    told = [] if record is story.first else [_kept(one, story, titles)]
    if one.credits:
        told.append(f"credits {', '.join(one.credits)}")
    elif one.outside:
        told.append(f"credits {one.outside!r}, no site of the archive")
    if told:
        console.print(Text(f"      {'; '.join(told)}"), soft_wrap=True)


def _kept(one: Carrier, story: Story, titles: dict[str, str]) -> str:
    if one.record.text_id == story.first.text_id:
        return "the same words"
    evidence = one.evidence
    if evidence is None:
        return "another version"
    beside = titles.get(one.beside or "") if one.beside != story.text_group else None
    than = f" beside the text of {beside}" if beside else ""
    return (
        f"{evidence.method}{than}: {evidence.containment:.0%} of the shorter one's shingles kept, "
        f"Jaccard {evidence.jaccard:.2f}"
    )


def _day(dated: Dated) -> str:
    return f"{dated.instant:{'%Y-%m-%d %H:%M' if dated.precision is Precision.MINUTE else '%Y-%m-%d'}}"


def _print_difference(first: Record, other: Record, console: Console) -> None:
    coloured = console.is_terminal and not console.no_color
    pieces = word_diff([block.text for block in first.blocks], [block.text for block in other.blocks])
    console.print()
    console.print(Text(f"from the first ({first.id}) to {other.id}:", style="bold"), soft_wrap=True)
    console.print(diff_text(pieces, coloured=coloured), soft_wrap=not console.is_terminal)
