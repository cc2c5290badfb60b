"""Which addresses a crawl may connect to: those of the public Internet, looked at on the very address connected to.

A name of a site may resolve to anything, today or from one look-up to the next. So nothing here trusts a name: the
check stands where a socket is opened, for whatever address it is to be opened to. Nothing switches it off.
"""

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from twisted.internet.interfaces import (
    IConnector,
    IHostnameResolver,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
)
from zope.interface import implementer

_CLOSED_4 = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network (RFC 791)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # carriers' own, CGNAT (RFC 6598)
        "127.0.0.0/8",  # loopback (RFC 1122)
        "169.254.0.0/16",  # link-local, clouds' metadata (RFC 3927)
        "172.16.0.0/12",  # private (RFC 1918)
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "192.168.0.0/16",  # private (RFC 1918)
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "198.51.100.0/24",  # documentation (RFC 5737)
        "203.0.113.0/24",  # documentation (RFC 5737)
        "224.0.0.0/4",  # multicast (RFC 5771)
        "240.0.0.0/4",  # reserved, and broadcast (RFC 1112, RFC 919)
    )
)
"""IPv4 that is not of the public Internet: IANA's special-purpose registry, multicast and reserved."""

_OPEN_6 = ip_network("2000::/3")
"""The only unicast IPv6 that IANA has given out (RFC 4291): loopback, local, multicast and the rest lie outside."""

_CLOSED_6 = tuple(
    ip_network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them (RFC 2928)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4: leads to an IPv4 address (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
"""IPv6 within `_OPEN_6` that is not of the public Internet (IANA's special-purpose registry)."""


class PrivateAddress(Exception):
    """A connection was refused, for it would leave the public Internet."""


def is_public(address: str) -> bool:
    """Whether an IP address, written as such, is one of the public Internet; False for what is no address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inside: IPv4Address | None = found.ipv4_mapped
        if inside is None:
            return found in _OPEN_6 and not any(found in network for network in _CLOSED_6)
        found = inside
    return not any(found in network for network in _CLOSED_4)


def is_literal(host: str) -> bool:
    """Whether a URL's host is an address and no name, in any notation that resolvers take (``127.1``, ``0x7f.1``)."""
    bare = host.strip("[]").partition("%")[0].rstrip(".")
    with suppress(ValueError):
        ip_address(bare)
        return True
    with suppress(OSError, UnicodeError):
        socket.inet_aton(bare)
        return True
    return False


def bare_host(host: str) -> str:
    """A host in lower case and without www: a site answers under both, and they are one server."""
    return host.lower().removeprefix("www.")


@implementer(IReactorTCP, IReactorTime, IReactorPluggableNameResolver)
class GuardedReactor:
    """A reactor that opens connections to public addresses only.

    Twisted's endpoints resolve a name once and hand each address they found to `connectTCP`: what is looked at here is
    what is connected to.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    @property
    def nameResolver(self) -> IHostnameResolver:  # noqa: N802 (Twisted's name)
        """The resolver of the reactor."""
        resolver: IHostnameResolver = self._reactor.nameResolver
        return resolver

    def connectTCP(self, host: str, port: int, factory: Any, **more: Any) -> IConnector:  # noqa: N802
        """Connect to an address. Raises PrivateAddress for one that is not of the public Internet, and for a name."""
        if not is_public(host):
            raise PrivateAddress(
                f"the host's name leads to {host}, which is no address of the public Internet, and is not connected to"
            )
        connector: IConnector = self._reactor.connectTCP(host, port, factory, **more)
        return connector

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)
