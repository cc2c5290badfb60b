"""Telling a person: the morning's words to whom BAOTINH_NOTIFY names, through Apprise."""

import logging
from collections.abc import Sequence
from typing import Any

from archive.database import ArchiveError
from archive.settings import NOTIFY, Settings, SettingsError

MISSING = "Apprise is not installed, which sends to the addresses of BAOTINH_NOTIFY: pip install 'baotinh[notify]'"

_log = logging.getLogger(__name__)


class NotTold(ArchiveError):
    """Nobody could be told; the message names services, and never an address, which may hold a password."""


def check_addresses(settings: Settings) -> None:
    """See to it that Apprise knows what BAOTINH_NOTIFY names, before a night depends on it; sends nothing.

    Raises NotTold if Apprise is missing, SettingsError if it cannot make sense of an address.
    """
    if settings.notify:
        _services(settings.notify)


def send(addresses: Sequence[str], title: str, words: str) -> None:
    """Send a message to each address; one that fails keeps it from none of the others.

    Once one has taken it people are told, and only the log says which others did not: to try all again would tell some
    of them twice. Raises NotTold if Apprise is missing or no service took the message, SettingsError for an address
    that Apprise cannot make sense of.
    """
    failed = [name for name, service in _services(addresses) if not service.notify(body=words, title=title)]
    if not failed:
        return
    words = (
        f"{len(failed)} of {len(addresses)} addresses of {NOTIFY} did not take the message ({', '.join(failed)}); "
        "look whether they can be reached from this machine"
    )
    if len(failed) == len(addresses):
        raise NotTold(words)
    _log.warning(words)


def _services(addresses: Sequence[str]) -> list[tuple[str, Any]]:
    """For each address the name of its service (its scheme), and the service."""
    try:
        import apprise
    except ImportError as error:
        raise NotTold(MISSING) from error
    # What it logs are addresses, with passwords in them.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    out = []
    for number, address in enumerate(addresses, 1):
        name, service = address.partition("://")[0], apprise.Apprise()
        if not service.add(address):
            raise SettingsError(
                f"{NOTIFY}: Apprise cannot make sense of address {number} ({name}://...); "
                "its wiki tells how one of each service is written"
            )
        out.append((name, service))
    return out
