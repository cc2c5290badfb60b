"""Which addresses may be connected to, and that the guard looks at the very one."""

import ipaddress
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import Request
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock

from crawler.addresses import GuardedReactor, PrivateAddress, is_literal, is_public
from crawler.downloader import is_configured_proxy
from crawler.faults import Fault
from crawler.middlewares import SiteHostsMiddleware
from crawler.sites import find_site

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.254",
    "192.0.0.170",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "2002:7f00:1::1",
    "2001::1",
    "2001:db8::1",
    "4000::1",
    "baoquangninh.com.vn",
    "",
]
PUBLIC = ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_of_the_public_internet_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_nothing_passes_that_python_knows_for_special(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if is_public(str(address)):
        inside = getattr(address, "ipv4_mapped", None) or address
        assert inside.is_global and not inside.is_multicast and not inside.is_reserved


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_the_one_inside(address: ipaddress.IPv4Address) -> None:
    assert is_public(f"::ffff:{address}") == is_public(str(address))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "[::1]", "::1", "127.0.0.1."]
)
def test_addresses_in_any_notation_are_known_for_addresses(host: str) -> None:
    assert is_literal(host)


@pytest.mark.parametrize("host", ["baoquangninh.com.vn", "1tin.vn", "127.0.0.1.vn", "", "xn--bo-tnh-6ta.vn"])
def test_names_are_no_addresses(host: str) -> None:
    assert not is_literal(host)


def test_not_even_a_declared_address_is_asked_for() -> None:
    spider: Any = type("Bare", (find_site("bao_quang_ninh"),), {"hosts": ("8.8.8.8",)})
    stats = SimpleNamespace(inc_value=lambda name: None)
    middleware = SiteHostsMiddleware(SimpleNamespace(spider=spider, stats=stats))  # type: ignore[arg-type]
    with pytest.raises(Fault, match=r"private-address: .* names an address"):
        middleware.process_request(Request("http://8.8.8.8/"))


class Names:
    """A resolver whose answers are told, another at each look-up."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    def resolveHostName(self, receiver: Any, name: str, port: int = 0, **_: Any) -> None:  # noqa: N802 (Twisted's name)
        receiver.resolutionBegan(None)
        for address in self.answers.pop(0):
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, port))
        receiver.resolutionComplete()


def connect(*addresses: str) -> tuple[list[str], BaseException | None]:
    """Connect to a name that leads to `addresses`: which were tried, and why it failed."""
    reactor: Any = MemoryReactorClock()
    reactor.installNameResolver(Names(list(addresses)))
    endpoint = HostnameEndpoint(GuardedReactor(reactor), "tin.example", 80)
    failed: list[Any] = []
    factory: Any = Factory()
    connecting: Any = endpoint.connect(factory)
    connecting.addErrback(failed.append)
    reactor.pump([0.4] * len(addresses))
    return [client[0] for client in reactor.tcpClients], failed[0].value if failed else None


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "fd00::1", "::ffff:192.168.0.1"])
def test_a_name_that_leads_to_a_private_address_is_not_connected_to(address: str) -> None:
    tried, error = connect(address)
    assert tried == []
    assert isinstance(error, PrivateAddress) and address in str(error)


def test_of_several_addresses_only_public_ones_are_tried() -> None:
    tried, _ = connect("169.254.169.254", "8.8.8.8", "::1")
    assert tried == ["8.8.8.8"]


def test_an_address_in_place_of_a_name_is_looked_at_too() -> None:
    reactor: Any = MemoryReactorClock()
    guarded = GuardedReactor(reactor)
    for host in ("127.0.0.1", "::1", "tin.example"):
        with pytest.raises(PrivateAddress):
            guarded.connectTCP(host, 80, Factory())
    assert reactor.tcpClients == []


def test_only_the_proxy_of_the_environment_is_exempt(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://user:word@127.0.0.1:3128")
    # Names hosts, in a form that is no address.
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1,::1")
    assert is_configured_proxy("http://127.0.0.1:3128")
    assert not is_configured_proxy("http://127.0.0.1:3129") and not is_configured_proxy("http://10.0.0.1:3128")
