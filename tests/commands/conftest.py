"""Fixtures of this folder."""

from tests.schedules.house import house

__all__ = ["house"]
