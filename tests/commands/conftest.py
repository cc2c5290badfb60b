"""Fixtures of this folder."""

from tests.schedules.house import crawls, house

__all__ = ["crawls", "house"]
