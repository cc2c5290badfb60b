"""The rules of the house that tools can hold."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("archive", "crawler", "schedules", "commands", "migrations")


def test_imports_point_one_way() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 kept, 0 broken" in done.stdout


def test_nothing_imports_the_command_line() -> None:
    importers = []
    for file in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            importers += [str(file) for name in names if name.split(".")[0] == "baotinh"]
    assert importers == []


def test_extraction_loads_without_scrapy_and_sqlalchemy() -> None:
    code = (
        "import sys, crawler.extraction.read as read; "
        "loaded = {name.split('.')[0] for name in sys.modules} & {'scrapy', 'sqlalchemy', 'twisted'}; "
        "sys.exit(f'extraction loads {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
