"""Rewrite goldens from what is read now: ``python -m tests.update_goldens [site/key | site ...]``.

Prints, for each golden that changes, the fields that do, old lines with ``-`` and new ones with ``+``.
For a developer who mends a selector: change it, run this, read the diff, run the tests.
"""

import difflib
import sys

from crawler.onboarding.goldens import differences
from tests.goldens.reading import (
    golden_file,
    golden_names,
    load_golden,
    page_names,
    reading_of,
    write_golden,
)


def main(arguments: list[str]) -> int:
    """Rewrite the goldens of the pages named, or of all; 2 if a name is unknown, and nothing is written."""
    try:
        names = [name for argument in arguments for name in chosen(argument)] or list(page_names())
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    changed = 0
    for name in dict.fromkeys(names):
        old, new = load_golden(name), reading_of(name)
        if old == new:
            continue
        changed += 1
        write_golden(name, new)
        print(f"{golden_file(name)}{'' if old else ': new'}")
        for line in differences(old or {}, new):
            print(f"  {line}")
    print(f"{len(set(names))} pages read, {changed} goldens rewritten")
    if changed:
        print("Read each change against its page before you commit it: a golden says what is right, not what is read.")
    for name in sorted(golden_names() - set(page_names())):
        print(f"{golden_file(name)} is the golden of no page; delete it", file=sys.stderr)
    return 0


def chosen(argument: str) -> list[str]:
    """The pages that an argument names: one page, or all of a site. Raises LookupError with near names."""
    pages = page_names()
    found = [name for name in pages if argument.rstrip("/") in (name, name.partition("/")[0])]
    if not found:
        near = difflib.get_close_matches(argument, [*pages, *sorted({name.partition("/")[0] for name in pages})])
        hint = f"did you mean {' or '.join(near)}?" if near else "pages are named <site>/<key>"
        raise LookupError(f"there is no page {argument!r}; {hint}")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
