"""The catalogue: its shape, and how entries are found."""

import pytest

from archive.provinces import by_slug, provinces
from archive.sites import check_site_id
from crawler.catalogue import FAMILIES, KINDS, HostYears, NotInCatalogue, catalogue, entries, entry, read_hosts
from crawler.sites import all_sites


def test_every_entry_is_whole() -> None:
    assert len({one.id for one in catalogue()}) == len(catalogue())
    for one in catalogue():
        check_site_id(one.id)
        assert one.title
        assert one.province_now == by_slug(one.province).new_name, one.id
        assert one.family in ("", *FAMILIES), one.id
        assert one.kind in KINDS, one.id
        assert one.evidence, one.id
        years = [year for host in one.hosts for year in (host.first, host.last) if year]
        assert years == sorted(years), f"{one.id}: hosts in the order of their use"
        assert all(1997 <= year <= 2026 for year in years), one.id


def test_no_two_entries_have_a_host_in_common() -> None:
    hosts = [host.host for one in catalogue() for host in one.hosts]
    assert len(set(hosts)) == len(hosts)


def test_every_one_of_the_63_has_a_newspaper() -> None:
    assert {one.province for one in catalogue() if one.kind == "newspaper"} == {one.slug for one in provinces()}


def test_a_site_that_has_a_spider_is_in_it_under_the_same_id_and_host() -> None:
    known = {one.id: one for one in catalogue()}
    for name, spider in all_sites().items():
        hosts = {host for one in known.values() for host in one.hosts}
        if name in known:
            assert known[name].province == spider.province
            assert set(spider.hosts) & {host.host for host in known[name].hosts}, name
        else:
            assert not set(spider.hosts) & {host.host for host in hosts}, f"{name}: the catalogue has another id for it"


def test_hosts_and_their_years() -> None:
    assert read_hosts("a.vn:2019-2022 b.com.vn:2026") == (
        HostYears("a.vn", 2019, 2022),
        HostYears("b.com.vn", 2026, 2026),
    )
    assert read_hosts("a.vn:-2022 b.vn:2022- c.vn") == (
        HostYears("a.vn", None, 2022),
        HostYears("b.vn", 2022, None),
        HostYears("c.vn"),
    )
    with pytest.raises(ValueError, match=r"'https://a\.vn' is no host with years"):
        read_hosts("b.vn https://a.vn")


def test_one_entry() -> None:
    one = entry("bao_cao_bang")
    assert (one.url, one.title, one.province, one.family) == ("https://baocaobang.vn/", "Báo Cao Bằng", "cao-bang", "")
    assert entry("bao_bac_kan").url == "https://baobackan.vn/"  # the newest host
    with pytest.raises(NotInCatalogue, match="no entry 'bao-cao-bag'; did you mean bao_cao_bang"):
        entry("bao-cao-bag")
    with pytest.raises(NotInCatalogue, match="`baotinh sites catalogue` prints it"):
        entry("xyzzy")


def test_entries_by_province_and_family() -> None:
    assert len(entries()) == len(catalogue())
    assert {one.province for one in entries(["Hoà Bình"])} == {"hoa-binh"}
    assert {one.province for one in entries(["Lào Cai"], ["epi"])} == {"lao-cai"}
    assert {one.family for one in entries(families=["epi", "a_id"])} == {"epi", "a_id"}
    with pytest.raises(ValueError, match="no province"):
        entries(["Xyzzy"])
    with pytest.raises(ValueError, match="knows no family 'joomla'; it knows dataimages, "):
        entries(families=["joomla"])
