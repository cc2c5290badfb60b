"""What a developer's commands promise: `make upgrade`, `make check`, and the hook that git calls."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.update_constraints import HEADER, changes, pins, read, written

ROOT = Path(__file__).resolve().parents[1]

BACKEND = """
import shutil

def build_editable(folder, config_settings=None, metadata_directory=None):
    return shutil.copy({wheel!r}, folder).rpartition("/")[2]
"""
"""How the project of these tests is built: without setuptools, which would have to be fetched."""


def wheel(folder: Path, name: str, version: str, *needs: str) -> Path:
    """Make a package without any code, as pip installs it."""
    extra = ["Provides-Extra: more"] if any("extra" in need for need in needs) else []
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *extra]
    metadata += [f"Requires-Dist: {need}" for need in needs]
    files = {
        "METADATA": "\n".join(metadata) + "\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    path = folder / f"{name.replace('.', '_')}-{version}-py3-none-any.whl"
    record = []
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            place = f"{name.replace('.', '_')}-{version}.dist-info/{file}"
            archive.writestr(place, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
            record.append(f"{place},sha256={digest},{len(text)}\n")
        place = f"{name.replace('.', '_')}-{version}.dist-info/RECORD"
        archive.writestr(place, "".join([*record, f"{place},,\n"]))
    return path


# -- make upgrade -------------------------------------------------------------------------------------
def upgrade(project: Path, packages: Path) -> subprocess.CompletedProcess[str]:
    """Refresh the constraints of `project` from the packages in a folder: no machine is asked."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(packages), "PIP_CONFIG_FILE": os.devnull}
    code = "import pathlib, sys; from tests.update_constraints import main; sys.exit(main(pathlib.Path(sys.argv[1])))"
    command = [sys.executable, "-c", code, str(project)]
    return subprocess.run(command, cwd=ROOT, env=kept | offline, capture_output=True, text=True, check=False)


def test_upgrade_writes_what_the_ranges_give_or_nothing(tmp_path: Path) -> None:
    project, packages = tmp_path / "project", tmp_path / "packages"
    project.mkdir()
    packages.mkdir()
    built = wheel(tmp_path, "our_own", "1.0", "Alpha", 'beta.one; extra == "more"')
    (project / "backend.py").write_text(BACKEND.format(wheel=str(built)))
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "our.own"\noptional-dependencies.more = ["beta.one"]\n'
    )
    old = "# by hand\nAlpha==1.0\ngamma==3\n"
    (project / "constraints.txt").write_text(old)
    wheel(packages, "Alpha", "1.0")
    wheel(packages, "Alpha", "1.1")

    failed = upgrade(project, packages)
    assert failed.returncode == 1
    assert "constraints.txt stays as it was" in failed.stderr
    assert "beta.one" in failed.stderr
    assert (project / "constraints.txt").read_text() == old

    wheel(packages, "beta.one", "2.0", "setuptools>=999")
    wheel(packages, "setuptools", "999")
    done = upgrade(project, packages)
    assert done.returncode == 0, done.stderr
    assert (project / "constraints.txt").read_text() == f"{HEADER}Alpha==1.1\nbeta.one==2.0\n"
    said = ["alpha 1.0 -> 1.1", "beta-one 2.0 is new", "gamma 3 is no longer needed", "2 packages, 3 changed"]
    assert [line for line in said if line not in done.stdout.splitlines()] == []
    left = {path.name for path in project.iterdir()} - {"__pycache__"}
    assert left == {"backend.py", "constraints.txt", "pyproject.toml"}


def test_pins_are_names_and_versions_whatever_they_came_from() -> None:
    def installed(name: str, version: str, url: str) -> dict[str, object]:
        return {"metadata": {"name": name, "version": version}, "download_info": {"url": url}, "is_direct": True}

    report = {
        "install": [
            installed("Our_Own", "0.1", "file:///home/somebody/our-own"),
            installed("zope.interface", "8.7", "https://packages.example/zope.whl"),
            installed("PyYAML", "6.0.4", "file:///home/somebody/wheels/yaml.whl"),
            installed("Setuptools", "80", "https://packages.example/setuptools.whl"),
        ]
    }
    found = pins(report, leave_out={"our-own", "setuptools"})
    assert written(found) == f"{HEADER}PyYAML==6.0.4\nzope.interface==8.7\n"


def test_a_name_that_is_only_written_otherwise_is_no_change() -> None:
    assert list(changes({"Typing_Extensions": "4"}, {"typing-extensions": "4"})) == []


def test_the_constraints_are_in_the_form_that_upgrade_writes() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert text == written(read(text))
    assert [name for name in read(text) if not name.replace("-", "").replace("_", "").replace(".", "").isalnum()] == []


# -- make check ---------------------------------------------------------------------------------------
TOOLS = ("ruff", "mypy", "lint-imports", "baotinh", "alembic", "python")


def check(folder: Path, **tools: str) -> subprocess.CompletedProcess[str]:
    """Run the Makefile's check with a line of shell for each tool; a tool that is not named passes."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in TOOLS:
        tool = folder / ".venv" / "bin" / name
        tool.write_text(
            f'#!/bin/sh\necho "$0 ran with database ${{BAOTINH_DATABASE_URL-unset}}"\n{tools.get(name, "")}\n'
        )
        tool.chmod(0o755)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv" / ".installed").touch()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment["BAOTINH_DATABASE_URL"] = "postgresql://in.use/archive"
    return subprocess.run(["make", "check"], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_check_runs_every_tool_away_from_the_archive_in_use(tmp_path: Path) -> None:
    done = check(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "make check: 6 parts passed" in done.stdout
    assert [tool for tool in TOOLS if f".venv/bin/{tool} ran with database unset" not in done.stdout] == []


@pytest.mark.parametrize(("tool", "part"), [("mypy", "types"), ("lint-imports", "imports"), ("alembic", "migrations")])
def test_check_names_the_part_that_failed_and_runs_the_others(tmp_path: Path, tool: str, part: str) -> None:
    done = check(tmp_path, **{tool: "exit 1"})
    assert done.returncode != 0
    assert [line for line in done.stderr.splitlines() if "***" in line and f"check-{part}]" in line]
    assert "passed" not in done.stdout
    assert [one for one in TOOLS if f".venv/bin/{one} ran" not in done.stdout] == []


# -- the hook -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("check", "kept"), [("true", True), ("echo the check has failed; exit 3", False)])
def test_git_commits_only_what_make_check_passes(tmp_path: Path, check: str, kept: bool) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    shutil.copy(ROOT / ".pre-commit-config.yaml", clone)
    (clone / "Makefile").write_text(f"check:\n\t@echo make check was run >&2; echo x >> runs; {check}\n")
    # As from a terminal or an editor: nothing of .venv is on the path.
    path = os.pathsep.join(
        one for one in os.environ["PATH"].split(os.pathsep) if Path(sys.executable).parent != Path(one)
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"PATH": path, "PRE_COMMIT_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}

    def run(*command: str | Path, code: int = 0) -> str:
        done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    run("git", "init", "--quiet")
    run(Path(sys.executable).with_name("pre-commit"), "install")
    run("git", "add", ".pre-commit-config.yaml", "Makefile")
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    said = run("git", *identity, "commit", "--message", "All there is", code=0 if kept else 1)
    assert (clone / "runs").read_text() == "x\n", "the check runs once"
    assert ("the check has failed" in said) is not kept
    run("git", "rev-parse", "HEAD", code=0 if kept else 128)
