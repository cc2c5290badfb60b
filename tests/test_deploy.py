"""What lies under deploy/: that it names what there is, and holds what it says. No container is built here."""

import configparser
import fcntl
import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from archive.settings import VARIABLES, Settings
from commands.common import WRONG_USE
from schedules.runs import STOP_SECONDS
from tests.conftest import Program
from tests.within import run_within

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
PROGRAM = "/opt/baotinh/bin/baotinh"
ENDING = STOP_SECONDS * 2
"""Seconds within which scheduler and crawls end, with as much again for a machine that is busy."""


class Unit:
    """The systemd unit: its lines by name, in order, since some stand there several times."""

    def __init__(self) -> None:
        text = (DEPLOY / "baotinh.service").read_text(encoding="utf-8")
        self.text = text
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(text)
        self.service = parser["Service"]

    @property
    def commands(self) -> list[list[str]]:
        """What it starts, each as a list of words."""
        return [shlex.split(line) for line in re.findall(r"^Exec\w+=(.*)$", self.text, re.MULTILINE)]


def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def container() -> list[list[str]]:
    """The instructions of the container recipe, each as a list of words."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [line.split() for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def instructions(name: str) -> list[list[str]]:
    return [words[1:] for words in container() if words[0] == name]


def environment_of_example() -> dict[str, str]:
    lines = (DEPLOY / "baotinh.env.example").read_text(encoding="utf-8").splitlines()
    plain = [line.removeprefix("#") for line in lines if re.match(r"#?[A-Z_]+=", line)]
    return dict(line.split("=", 1) for line in plain)


def seconds(text: str) -> float:
    """A time as systemd and compose write it: 30, 30s."""
    return float(text.removesuffix("s"))


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment of a program that has no archive."""
    return Program(tmp_path / "data", None).environment


STARTED = [
    *(command[1:] for command in Unit().commands),
    *(service["command"] for service in compose()["services"].values() if "command" in service),
    *(json.loads(" ".join(words)) for words in instructions("CMD")),
]


@pytest.mark.parametrize("command", STARTED, ids=" ".join)
def test_what_is_started_is_a_command_with_these_options(bare: dict[str, str], command: list[str]) -> None:
    done = run_within([*command, "--help"], bare)
    assert done.returncode == 0, done.stderr
    wrong = run_within([*command, "--no-such-option"], bare)
    assert wrong.returncode == WRONG_USE, "an option that does not exist passes, so that nothing is proved"
    words = re.sub(r"\s+", " ", done.stdout)
    assert f"baotinh {' '.join(one for one in command if not one.startswith('-'))} [OPTIONS]" in words


def test_the_unit_starts_the_program_as_nobody_special_and_leaves_it_time_to_end() -> None:
    unit = Unit()
    assert {command[0] for command in unit.commands} == {PROGRAM}
    assert unit.service["User"] not in ("", "root")
    assert seconds(unit.service["TimeoutStopSec"]) >= ENDING
    assert unit.service["KillMode"] == "mixed", "a crawl that is told to end by systemd too would end in a hurry"
    assert unit.service["SuccessExitStatus"] == str(128 + 15), "what baotinh.py gives at SIGTERM"
    assert unit.service["RestartPreventExitStatus"] == str(WRONG_USE)
    folder = f"/var/lib/{unit.service['StateDirectory']}"
    assert unit.service["Environment"] == f"BAOTINH_DATA={folder}"


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    assert tool is not None, "install systemd: without its systemd-analyze nobody knows whether it takes the unit"
    # Program and user are not on this machine, all else is as it stands.
    text = Unit().text.replace(PROGRAM, sys.executable).replace("=baotinh\nGroup=baotinh", "=root\nGroup=root")
    copy = tmp_path / "baotinh.service"
    copy.write_text(text, encoding="utf-8")
    done = subprocess.run([tool, "verify", "--man=no", copy], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    copy.write_text(
        text.replace("ProtectSystem=strict", "ProtectSystem=strikt\nProtectEverything=yes"), encoding="utf-8"
    )
    done = subprocess.run([tool, "verify", "--man=no", copy], capture_output=True, text=True)
    assert "ProtectEverything" in done.stderr, "what is wrong passes, so that nothing is proved"


def test_the_example_of_settings_is_taken_and_names_all_that_an_operator_sets(tmp_path: Path) -> None:
    example = environment_of_example()
    ours = {name for name in example if name.startswith("BAOTINH_")}
    assert ours == set(VARIABLES) - {"BAOTINH_NOW"}
    text = (DEPLOY / "baotinh.env.example").read_text(encoding="utf-8")
    given = dict(line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Z_]+=", line))
    Settings.from_environment(given | {"BAOTINH_DATA": str(tmp_path)})


def test_a_value_in_single_quotes_is_read_alike_by_the_unit_and_the_services() -> None:
    """By the rules of systemd.exec(5) and of the Compose specification: within single quotes nothing has a meaning."""
    text = (DEPLOY / "baotinh.env.example").read_text(encoding="utf-8")
    [shown] = re.findall(r"NAME=('.*?')", text)
    assert set("$#") < set(shown) and shlex.split(shown) == [shown.strip("'")]


def test_the_services_have_settings_that_exist_and_secrets_that_are_not_written_down(tmp_path: Path) -> None:
    services = compose()["services"]
    example = environment_of_example()
    for name in ("upgrade", "scheduler"):
        settings = services[name]["environment"]
        ours = {one: value for one, value in settings.items() if one.startswith("BAOTINH_")}
        asked = set(re.findall(r"\$\{(\w+)", " ".join(settings.values())))
        assert asked <= set(example), "the example of settings leaves out what is asked for"
        plain = {one: re.sub(r"\$\{.*\}", "", value) for one, value in ours.items()}
        taken = Settings.from_environment(plain | {"BAOTINH_DATA": str(tmp_path)})
        assert taken.database_url == "postgresql+psycopg://baotinh@database/baotinh"
        assert settings["BAOTINH_DATA"] in [volume.split(":")[1] for volume in services[name]["volumes"]]
    secrets = [value for one in services.values() for key, value in one["environment"].items() if "PASSWORD" in key]
    assert secrets and all(value.startswith("${POSTGRES_PASSWORD:?") for value in secrets)


def test_the_services_wait_for_one_another_restart_and_are_reached_by_nobody() -> None:
    services = compose()["services"]
    scheduler, database = services["scheduler"], services["database"]
    assert {name: one["condition"] for name, one in scheduler["depends_on"].items()} == {
        "database": "service_healthy",
        "upgrade": "service_completed_successfully",
    }
    assert services["upgrade"]["restart"] == "no" and "healthcheck" in database
    assert scheduler["restart"] == database["restart"] == "unless-stopped"
    assert seconds(scheduler["stop_grace_period"]) >= ENDING
    assert not [name for name, one in services.items() if "ports" in one]
    assert database["networks"] == ["inside"] and compose()["networks"]["inside"]["internal"] is True
    assert {volume.split(":")[0] for one in services.values() for volume in one["volumes"]} == set(compose()["volumes"])


def test_the_container_holds_every_package_and_no_more_and_all_versions_are_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["setuptools"]["packages"]["find"]["include"]
    modules = project["tool"]["setuptools"]["py-modules"]
    first, *rest = (words for words in instructions("COPY") if not words[0].startswith("--"))
    folders = [words[0] for words in rest]
    assert sorted(f"{folder}*" for folder in folders) == sorted(packages)
    assert [words[1] for words in rest] == folders
    needed = {"pyproject.toml", "constraints.txt", project["project"]["readme"], *(f"{name}.py" for name in modules)}
    assert needed <= set(first)
    [install] = [line for line in instructions("RUN") if "install" in line and "-c" in line]
    assert install[install.index("-c") + 1] == "constraints.txt"
    extras = re.search(r"\[(.*?)\]", " ".join(install))
    assert extras is not None and set(extras[1].split(",")) <= set(project["project"]["optional-dependencies"]) - {
        "dev"
    }


def test_the_container_runs_the_python_that_is_tested_as_somebody_who_may_do_nothing() -> None:
    least = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert {words[0] for words in instructions("FROM")} == {f"python:{least.removeprefix('>=')}-slim"}
    assert instructions("USER") == [["baotinh"]]
    assert instructions("VOLUME") == [["/data"]]
    assert instructions("ENTRYPOINT") == [['["tini",', '"--",', '"baotinh"]']]


def test_nothing_but_what_is_copied_reaches_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = {name for words in instructions("COPY") if not words[0].startswith("--") for name in words[:-1]}
    assert let_in == copied
    assert not [
        name for name in ("data", ".git", "tests", ".venv") if any(fnmatch.fnmatch(name, one) for one in let_in)
    ]


def test_the_container_is_well_as_long_as_its_scheduler_holds_the_lock(tmp_path: Path) -> None:
    kind, written = compose()["services"]["scheduler"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL" and not instructions("HEALTHCHECK"), "podman ignores it in the recipe"
    # Compose takes a doubled $ for one that the shell is to see.
    command = written.replace("$$", "$")
    assert "$" not in written.replace("$$", "")
    file = tmp_path / "locks" / "scheduler.lock"

    def well() -> bool:
        environment = os.environ | {"BAOTINH_DATA": str(tmp_path)}
        return subprocess.run(["sh", "-c", command], env=environment, capture_output=True).returncode == 0

    assert not well(), "nobody has ever held it"
    file.parent.mkdir()
    with file.open("w") as lock:
        assert not well()
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert well()
    assert not well()


def test_no_image_comes_from_a_place_that_is_named() -> None:
    images = [service["image"] for service in compose()["services"].values()]
    images += [words[0] for words in instructions("FROM")]
    assert not [image for image in images if "." in image.partition("/")[0].partition(":")[0]]
