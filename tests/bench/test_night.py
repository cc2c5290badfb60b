"""A night of many sites: memory and how many crawl at once, with fewer sites than the bench has; and its parts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands.crawling import AT_ONCE
from tests.bench.many import copy_of_the_program, site_id
from tests.bench.night import MOST_MEMORY, cpu_of, family_of, generated, night, pss_of, rss_of

SITES = 20


@pytest.mark.torture
def test_a_night_of_many_sites_stays_within_its_memory(capsys: pytest.CaptureFixture[str]) -> None:
    with generated(SITES) as program:
        found = night(program)
    with capsys.disabled():
        print(f"\n{SITES} sites: {found}")
    assert found.finished == SITES
    assert found.at_once == AT_ONCE
    # As many crawls at once as in a night of ten times as many sites.
    assert 0 < found.pss < MOST_MEMORY


def test_the_generated_program_has_the_generated_sites_alone(tmp_path: Path) -> None:
    home = copy_of_the_program(tmp_path, 3)
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "list"],
        cwd=home, env={**os.environ, "PYTHONPATH": str(home)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [site_id(number) for number in range(3)]


def test_memory_and_cpu_are_those_of_a_process_and_its_children() -> None:
    held = "import sys; held = bytearray(64_000_000); print(len(held), flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdout.readline()
        assert child.pid in family_of(os.getpid())
        assert rss_of(child.pid) >= pss_of(child.pid) > 64_000_000
        assert 0 < cpu_of(child.pid) < 60
        child.stdin.close()
    assert (pss_of(child.pid), rss_of(child.pid), cpu_of(child.pid)) == (0, 0, 0.0)
    assert child.pid not in family_of(os.getpid())
