"""What is said of a crawl that could not speak for itself."""

import signal
from typing import Any

import pytest

from archive.clock import Clock
from archive.models import RunOutcome
from archive.settings import Settings
from schedules.runs import Child, Order


class Mute:
    """Runs of which one was begun and never ended."""

    def last_key(self) -> int:
        return 0

    def of_process(self, site: str, pid: int, after: int) -> Any:
        return type("Row", (), {"outcome": RunOutcome.RUNNING, "reason": None})()


class Killed(Order):
    """An order whose child kills itself."""

    def __init__(self, number: int) -> None:
        super().__init__("bao_quang_ninh")
        object.__setattr__(self, "number", number)

    def command(self) -> list[str]:
        return ["sh", "-c", f"kill -{self.number} $$"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("number", "hint"), [(signal.SIGKILL, True), (signal.SIGSEGV, False)])
def test_a_killed_crawl_is_lost_and_memory_is_named_where_it_may_be_the_cause(
    tmp_path: Any, number: int, hint: bool
) -> None:
    settings = Settings(tmp_path, "sqlite://", Clock())
    runs: Any = Mute()
    child = Child(Killed(int(number)), settings, runs)
    child.wait(30)
    outcome, reason = child.result()
    assert outcome is RunOutcome.LOST
    assert reason is not None and f"killed by signal {int(number)}" in reason
    assert ("killed: memory" in reason) is hint
