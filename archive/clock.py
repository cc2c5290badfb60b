"""The one clock: stored times come from here, timeouts and delays do not."""

import math
import os
import re
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7), "+07:00")
"""Vietnam has kept UTC+7 without summer time since 1975 (IANA tzdata, Asia/Ho_Chi_Minh)."""

VARIABLE = "BAOTINH_NOW"

YEARS = range(1900, 2100)
"""The years that a simulated clock may start in: those that dates are read in."""

MAX_SPEED = 1_000_000.0
"""Greatest speed: eleven days in a second."""

_FORM = re.compile(r"(?P<instant>\S+?)(?:\s*x(?P<speed>\d+(?:\.\d+)?(?:e-?\d+)?))?")


@dataclass(frozen=True)
class Clock:
    """Tells the time, real or simulated.

    `start` is the simulated instant (None: the real time), `speed` how many simulated seconds pass
    in a real one (0: time stands still).
    """

    start: datetime | None = None
    speed: float = 0.0
    _began: float = field(default_factory=time.monotonic, compare=False)

    def now(self) -> datetime:
        """The current instant, aware, in +07:00."""
        if self.start is None:
            return datetime.now(VIETNAM)
        return self.start + timedelta(seconds=self.speed * (time.monotonic() - self._began))

    def seconds_until(self, instant: datetime) -> float:
        """How many real seconds pass until this clock shows `instant`; below 0 if it has.

        Infinite for what lies ahead of a clock that stands still, and minus infinite for what lies behind one.
        """
        ahead = (instant - self.now()).total_seconds()
        if self.start is None or not ahead:
            return ahead
        return ahead / self.speed if self.speed else math.copysign(math.inf, ahead)

    def real(self, instant: datetime) -> datetime | None:
        """The real instant at which this clock shows `instant`; None if no calendar has it, as on a standing clock."""
        if self.start is None:
            return instant
        try:
            return datetime.now(VIETNAM) + timedelta(seconds=self.seconds_until(instant))
        except OverflowError:
            return None

    def shown(self, real: datetime) -> datetime:
        """What this clock shows at the real instant `real`."""
        if self.start is None:
            return real.astimezone(VIETNAM)
        return self.now() + self.speed * (real - datetime.now(VIETNAM))

    def setting(self) -> str | None:
        """The value of ``BAOTINH_NOW`` that lets a child process go on from now; None if real."""
        if self.start is None:
            return None
        return f"{self.now().isoformat()} x{self.speed}" if self.speed else self.now().isoformat()

    @classmethod
    def from_environment(cls, environ: dict[str, str] | os._Environ[str] = os.environ) -> "Clock":
        """Read ``BAOTINH_NOW``: an ISO instant with offset, optionally followed by `` xSPEED``.

        Raises ValueError naming the value and what is allowed.
        """
        value = environ.get(VARIABLE, "").strip()
        if not value:
            return cls()
        match = _FORM.fullmatch(value)
        try:
            start = datetime.fromisoformat(match["instant"]) if match else None
        except ValueError:
            start = None
        if match is None or start is None or start.tzinfo is None:
            raise ValueError(
                f"{VARIABLE}={value!r}: give an instant with its offset, optionally a speed, "
                "such as 2022-12-26T06:00:00+07:00 or '2022-12-26T06:00:00+07:00 x60'"
            )
        if start.year not in YEARS:
            raise ValueError(f"{VARIABLE}={value!r}: give an instant between {YEARS[0]} and {YEARS[-1]}")
        speed = float(match["speed"] or 0)
        if speed > MAX_SPEED:
            raise ValueError(f"{VARIABLE}={value!r}: give a speed of at most {MAX_SPEED:.0f}")
        return cls(start.astimezone(VIETNAM), speed)
