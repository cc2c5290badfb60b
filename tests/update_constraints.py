"""Write constraints.txt anew from the ranges in pyproject.toml; `make upgrade` runs this.

What pip chooses is tried in a virtual environment of its own. Only Python's own modules are used, so that
it works as well when the versions in the old file cannot be installed any more.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HEADER = "# Every version that make install uses. make upgrade writes this file from the ranges in pyproject.toml.\n"
TOOLS = frozenset({"pip", "setuptools", "wheel"})
"""What installs packages and is none of ours; whether a new environment holds it depends on the Python."""


def main(root: Path = ROOT) -> int:
    """Refresh the file in `root` and print what changed; 1 if pip fails, and the file stays as it was."""
    with (root / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    wanted = f"{root}[{','.join(project['optional-dependencies'])}]"
    with tempfile.TemporaryDirectory(prefix="upgrade-") as folder:
        report = Path(folder) / "report.json"
        pip = [f"{folder}/venv/bin/python", "-m", "pip", "--disable-pip-version-check"]
        try:
            subprocess.run([sys.executable, "-m", "venv", f"{folder}/venv"], check=True)
            subprocess.run([*pip, "install", "--quiet", "--report", report, "--editable", wanted], check=True)
            subprocess.run([*pip, "check"], check=True)
        except subprocess.CalledProcessError:
            print(
                "constraints.txt stays as it was: mend what failed above, or its range in pyproject.toml",
                file=sys.stderr,
            )
            return 1
        new = pins(json.loads(report.read_text(encoding="utf-8")), leave_out={project["name"], *TOOLS})
    constraints = root / "constraints.txt"
    old = read(constraints.read_text(encoding="utf-8")) if constraints.exists() else {}
    aside = root / "constraints.txt.new"
    aside.write_text(written(new), encoding="utf-8")
    aside.replace(constraints)
    changed = list(changes(old, new))
    for line in changed:
        print(line)
    print(f"{len(new)} packages, {len(changed)} changed")
    if changed:
        print('What to do now: CONTRIBUTING.md, "Upgrade what we build on".')
    return 0


def pins(report: dict[str, Any], leave_out: set[str]) -> dict[str, str]:
    """The version of each package that a report of pip's says was installed, by the name it gives itself."""
    found = {one["metadata"]["name"]: one["metadata"]["version"] for one in report["install"]}
    without = {one_form(name) for name in leave_out}
    return {name: version for name, version in found.items() if one_form(name) not in without}


def written(packages: dict[str, str]) -> str:
    """The text of a constraints file: names and versions and nothing else, whatever they came from."""
    lines = (f"{name}=={packages[name]}\n" for name in sorted(packages, key=one_form))
    return HEADER + "".join(lines)


def read(text: str) -> dict[str, str]:
    """The versions by name in a constraints file."""
    lines = (line.strip().partition("==") for line in text.splitlines() if not line.startswith("#"))
    return {name: version for name, _, version in lines if name}


def changes(old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    """A line for each package that came, went or moved, in the file's order."""
    before = {one_form(name): version for name, version in old.items()}
    after = {one_form(name): version for name, version in new.items()}
    for name in sorted(before.keys() | after.keys()):
        match before.get(name), after.get(name):
            case None, version:
                words = f"{version} is new"
            case version, None:
                words = f"{version} is no longer needed"
            case one, other if one != other:
                words = f"{one} -> {other}"
            case _:
                continue
        yield f"{name} {words}"


def one_form(name: str) -> str:
    """A package's name in the form in which names are compared (packaging's name normalization)."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
