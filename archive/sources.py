"""Whom a credit names (placeholder until the gazetteer of sources is merged)."""

from archive.provinces import fold


def source_key(credit: str | None) -> str | None:
    """The comparable form of a credit."""
    return fold(credit) or None if credit else None
