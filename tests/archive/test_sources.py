"""Whom a credit names: one key for all writings of a source, another for every other source."""

import csv
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select

from archive.database import Sessions, reading
from archive.models import SiteName
from archive.provinces import provinces
from archive.sites import SiteRecord, register_site
from archive.sources import MAX_KEY, gazetteer, site_names, source_key
from crawler.archiving import site_record
from crawler.sites import all_sites
from tests.archive.helpers import HandClock

WRITINGS = {
    "bao-ha-nam": """Báo Hà Nam; BÁO HÀ NAM; báo hà nam; Theo Báo Hà Nam; (Theo Báo Hà Nam); Nguồn: Báo Hà Nam;
        Nguồn Báo Hà Nam; Tin từ Báo Hà Nam; Báo Hà Nam ngày 20/11/2020; Báo Hà Nam - 20/11; Báo Hà Nam, số 1234;
        Báo điện tử Hà Nam; Báo Hà Nam điện tử; Báo Hà Nam Online; Báo tỉnh Hà Nam; Tòa soạn Báo Hà Nam; "Báo Hà Nam".;
        baohanam.com.vn; www.baohanam.com.vn; https://www.baohanam.com.vn/kinh-te/bai,1.html;
        Baohanam.com.vn/; PV Báo Hà Nam; Baohanam;
        Báo Hà Nam (baohanam.com.vn); baohanam.com.vn (Báo Hà Nam); Trích từ Báo Hà Nam; Dẫn theo Báo Hà Nam;
        Báo Hà Nam, TTXVN; Báo Hà Nam/VOV; Báo Hà Nam - TTXVN; Báo Hà Nam và TTXVN; PV (Theo Báo Hà Nam);
        PV/Báo Hà Nam; Tổng hợp theo Báo Hà Nam; Lê Anh - Báo Hà Nam; Tú Quyên (Báo Hà Nam); Website Báo Hà Nam;
        Bao Ha Nam; BAO HA NAM; bbt@baohanam.com.vn; Theo: Báo Hà Nam; Tổng hợp từ Báo Hà Nam, Internet""",
    "bao-dai-ha-nam": """Báo và Đài Phát thanh - Truyền hình Hà Nam; Báo và phát thanh, truyền hình Hà Nam;
        Báo và PT-TH Hà Nam; Báo và Đài PTTH tỉnh Hà Nam""",
    "tuyen-giao-binh-phuoc": """Ban Tuyên giáo Tỉnh ủy Bình Phước; Tuyên giáo Bình Phước; Tuyên giáo tỉnh Bình Phước;
        Ban Tuyên giáo Tỉnh uỷ Bình Phước; BTG Tỉnh ủy Bình Phước; Ban Tuyên giáo tỉnh Bình Phước;
        Trang TTĐT Ban Tuyên giáo Tỉnh ủy Bình Phước; Tuyen giao Binh Phuoc""",
    "tuyen-giao-ha-nam": "Ban Tuyên giáo Tỉnh ủy Hà Nam; Tuyên giáo Hà Nam",
    "tinh-uy-ha-nam": "Tỉnh ủy Hà Nam; Tỉnh uỷ Hà Nam; Cổng TTĐT Tỉnh ủy Hà Nam",
    "cong-ha-nam": """Cổng TTĐT tỉnh Hà Nam; Cổng thông tin điện tử tỉnh Hà Nam; Trang thông tin điện tử Hà Nam;
        Cổng TTĐT Hà Nam; Cổng thông tin điện tử UBND tỉnh Hà Nam; Trang TTĐT tỉnh Hà Nam""",
    "ubnd-ha-nam": "UBND tỉnh Hà Nam; Ủy ban nhân dân tỉnh Hà Nam; Uỷ ban nhân dân tỉnh Hà Nam",
    "dai-ha-nam": """Đài PT-TH Hà Nam; Đài PT&TH Hà Nam; Đài PTTH tỉnh Hà Nam; Đài Phát thanh và Truyền hình Hà Nam;
        Đài Phát thanh - Truyền hình Hà Nam; Đài Phát thanh – Truyền hình tỉnh Hà Nam; Đài Truyền hình Hà Nam""",
    "cong-an-ha-noi": "Công an TP. Hà Nội; Công an thành phố Hà Nội; Công an Hà Nội; Công an TP Hà Nội",
    "cong-hoa-binh": "Cổng TTĐT tỉnh Hoà Bình; Cổng TTĐT tỉnh Hòa Bình",
    "bao-ba-ria-vung-tau": """Báo Bà Rịa - Vũng Tàu; Báo Bà Rịa – Vũng Tàu; Báo Bà Rịa-Vũng Tàu; Báo BR-VT; Báo BRVT;
        baobariavungtau.com.vn""",
    "bao-dak-lak": "Báo Đắk Lắk; Báo Đăk Lăk; Báo Đắc Lắc; baodaklak.vn",
    "bao-ap-bac": "Báo Ấp Bắc; Ấp Bắc; baoapbac.vn; Báo Tiền Giang; Báo Ấp Bắc điện tử",
    "bao-dong-khoi": "Báo Đồng Khởi; Đồng Khởi Online; Báo Bến Tre; dongkhoi.baovinhlong.vn",
    "bao-tra-vinh": "Báo Trà Vinh; travinh.baovinhlong.vn",
    "bao-vinh-long": "Báo Vĩnh Long; baovinhlong.vn",
    "bao-hue": "Báo Thừa Thiên Huế; Huế ngày nay; Báo Huế; huengaynay.vn; Báo Thừa Thiên - Huế; Huế ngày nay Online",
    "bao-ha-noi-moi": "Hà Nội Mới; Báo Hà Nội mới; hanoimoi.vn; Báo Hànộimới; hanoimoi.com.vn",
    "sggp": "Sài Gòn Giải Phóng; Báo Sài Gòn Giải phóng; SGGP; Báo SGGP; SGGP Online; sggp.org.vn",
    "ttxvn": """TTXVN; (TTXVN); Theo TTXVN; Thông tấn xã Việt Nam; TTXVN/Vietnam+; Vietnam+; VietnamPlus;
        vietnamplus.vn;         TTXVN/Báo Tin tức; Vietnam+ (TTXVN); TTXVN, VOV; PV/TTXVN; TTXVN-VOV""",
    "bao-tin-tuc": "Báo Tin tức; baotintuc.vn; Báo Tin tức/TTXVN",
    "vov": "VOV; VOV.VN; VOV1; Đài Tiếng nói Việt Nam; Báo điện tử VOV; VOV Online; Đài TNVN; Theo VOV.vn",
    "vtv": "VTV; vtv.vn; Đài Truyền hình Việt Nam; VTV Online; Báo điện tử VTV; Đài THVN",
    "bao-nhan-dan": "Nhân Dân; Báo Nhân dân; nhandan.vn; nhandan.com.vn; Báo Nhân Dân điện tử; Nhân Dân online",
    "chinh-phu": "Chinhphu.vn; Cổng TTĐT Chính phủ; Cổng thông tin điện tử Chính phủ; Báo Điện tử Chính phủ; VGP",
    "bao-quan-doi-nhan-dan": "Báo Quân đội nhân dân; QĐND; Báo QĐND; qdnd.vn; Quân đội nhân dân Online",
    "bao-suc-khoe-doi-song": "Báo Sức khỏe và Đời sống; Sức khoẻ & Đời sống; Báo Sức khỏe Đời sống",
    "bao-thanh-nien": "Thanh Niên; Báo Thanh Niên; thanhnien.vn; Thanh Niên Online",
}
"""Every writing of a source, behind the key that it has."""

ALIKE = (
    "Cổng TTĐT thị xã Hồng Lĩnh; Cổng thông tin điện tử TX. Hồng Lĩnh; Trang TTĐT TX Hồng Lĩnh",
    "Cổng TTĐT TX Hồng Lĩnh, tỉnh Hà Tĩnh; Cổng TTĐT thị xã Hồng Lĩnh - Hà Tĩnh; Cổng TTĐT thị xã Hồng Lĩnh (Hà Tĩnh)",
    "Huyện ủy Kim Bảng; Huyện ủy huyện Kim Bảng; Cổng TTĐT Huyện ủy Kim Bảng",
    "UBND huyện Kim Bảng; UBND H. Kim Bảng; Ủy ban nhân dân huyện Kim Bảng",
    "Ban Tuyên giáo Huyện ủy Bình Lục; Tuyên giáo huyện Bình Lục",
    "Sở Văn hóa, Thể thao và Du lịch Hà Nam; Sở VHTT&DL Hà Nam; Sở VH,TT&DL tỉnh Hà Nam; Sở VH-TT-DL Hà Nam",
    "Sở Thông tin và Truyền thông Hà Nam; Sở TT&TT tỉnh Hà Nam; Trang TTĐT Sở TT-TT Hà Nam",
    "Báo Đồng Lúa; Theo báo Đồng Lúa; BÁO ĐỒNG LÚA ONLINE; Báo điện tử Đồng Lúa",
    "Hội Làm vườn Hoà Lâm; Hội làm vườn Hòa Lâm; (Theo Hội Làm vườn Hòa Lâm).",
)
"""Writings of sources of which only that they are one is said."""

DIFFERENT = (
    "Báo Hà Nam", "Báo Nam Định", "Báo Ninh Bình", "Báo và Đài PT-TH Hà Nam", "Ban Tuyên giáo Tỉnh ủy Hà Nam",
    "Ban Tuyên giáo và Dân vận Tỉnh ủy Hà Nam", "Ban Dân vận Tỉnh ủy Hà Nam", "Đài PT-TH Hà Nam",
    "Cổng TTĐT tỉnh Hà Nam", "Tỉnh ủy Hà Nam", "UBND tỉnh Hà Nam", "HĐND tỉnh Hà Nam", "Công an tỉnh Hà Nam",
    "Sở Y tế Hà Nam", "Báo Quảng Nam", "Báo Cà Mau", "Báo ảnh Đất Mũi", "Báo Hải Phòng", "Báo An ninh Hải Phòng",
    "Ban Tuyên giáo Trung ương", "Tạp chí Tuyên giáo", "Ban Tuyên giáo Huyện ủy Bình Lục",
    "Ban Tuyên giáo Tỉnh ủy Hà Tĩnh", "Lê Hà Nam", "Cổng TTĐT tỉnh Thanh Hóa", "Cổng TTĐT thành phố Thanh Hóa",
    "Cổng TTĐT huyện Thạnh Hóa", "Cổng TTĐT Thạnh Hóa", "Cổng TTĐT huyện Tam Dương", "Cổng TTĐT huyện Tam Đường",
    "Cổng TTĐT huyện Phú Ninh", "Cổng TTĐT huyện Phù Ninh", "Cổng TTĐT huyện Kỳ Anh", "Cổng TTĐT thị xã Kỳ Anh",
    "UBND huyện Kỳ Anh", "UBND thị xã Kỳ Anh", "Huyện ủy Kỳ Anh", "Cổng TTĐT huyện Châu Thành, tỉnh Tiền Giang",
    "Cổng TTĐT huyện Châu Thành, tỉnh Bến Tre", "Cổng TTĐT huyện Châu Thành", "Cổng TTĐT huyện Châu Thành A",
    "Trần Văn Hà", "Trần Vân Hạ", "Trần Văn Hạ", "Bảo Hà Anh", "Báo Hà Anh", "TTXVN", "Báo Tin tức", "VOV", "VTV",
    "VTC News", "Báo Nhân Dân", "Báo Đại biểu Nhân dân", "Báo Quân đội nhân dân", "Báo Công an nhân dân",
    "Bộ Công an", "Cổng TTĐT Chính phủ", "Báo Lao Động", "Báo Người Lao Động", "Báo Lao động - Xã hội",
    "Báo Thanh Niên", "Báo Văn hóa", "Báo Pháp luật Việt Nam", "Báo Pháp luật TP.HCM", "Đài Truyền hình TP.HCM",
    "Đài Tiếng nói nhân dân TP.HCM", "Đài Truyền hình Việt Nam tại Huế", "a-b.example.vn", "a.b.example.vn",
    "tuyengiao.hanam.gov.vn", "hanam.gov.vn", "Huyện Kim Bảng", "Kênh 14", "新华社", "Báo và Đài PT-TH Nam Định",
    "Báo Điện Biên Phủ", "Cổng TTĐT huyện Điện Biên", "Cổng TTĐT tỉnh Điện Biên", "Cổng TTĐT Hội An", "Hội An",
    "Hội Nông dân tỉnh Hà Nam", "Cục Thuế Hà Nam", "Đài Truyền thanh huyện Kim Bảng",
)  # fmt: skip

NOBODY = """;...;-;();Theo;Nguồn:;Tổng hợp;(Tổng hợp);TH;T.H;Sưu tầm;ST;(st);Internet;Nguồn: Internet;
Ảnh: Internet;PV;P.V;Nhóm PV;BBT;Ban Biên tập;BTV;CTV;Admin;PV tổng hợp;Tổng hợp từ Internet;
Theo các báo;Sưu tầm trên mạng;Facebook;https://facebook.com/x;Báo;Báo tỉnh;Cổng TTĐT tỉnh;Đài PT-
TH tỉnh;Công an tỉnh;UBND huyện;Ban Tuyên giáo Tỉnh ủy;Sở Y tế;Hà Nam;tỉnh Hà Nam;20/11/2020;
ban@gmail.com;A;\u200b;\x00\x01""".replace("\n", "").split(";")


def listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(";")]


@pytest.mark.parametrize(
    ("key", "credit"), [(key, one) for key, many in WRITINGS.items() for one in listed(many)], ids=lambda one: one
)
def test_all_writings_of_a_source_have_its_key(key: str, credit: str) -> None:
    assert source_key(credit) == key


@pytest.mark.parametrize("writings", ALIKE)
def test_writings_of_a_source_in_no_gazetteer_have_one_key(writings: str) -> None:
    keys = {source_key(one) for one in listed(writings)}
    assert len(keys) == 1 and None not in keys


def test_two_sources_never_share_a_key() -> None:
    keys = {one: source_key(one) for one in DIFFERENT}
    assert [one for one, key in keys.items() if key is None] == []
    assert [(a, b, keys[a]) for a, b in combinations(DIFFERENT, 2) if keys[a] == keys[b]] == []


def test_offices_of_one_kind_in_all_provinces_are_apart() -> None:
    kinds = (
        "Báo {}",
        "Đài PT-TH {}",
        "Cổng TTĐT tỉnh {}",
        "Ban Tuyên giáo Tỉnh ủy {}",
        "Tỉnh ủy {}",
        "Công an tỉnh {}",
    )
    names = [kind.format(one.old_name) for kind in kinds for one in provinces()]
    keys = {source_key(name) for name in names}
    assert len(keys) == len(names) and None not in keys


@pytest.mark.parametrize("credit", NOBODY)
def test_what_names_nobody_has_no_key(credit: str) -> None:
    assert source_key(credit) is None


def test_no_credit_has_no_key() -> None:
    assert source_key(None) is None


def test_the_first_of_several_counts_unless_it_only_wrote() -> None:
    assert source_key("Báo Hà Nam, Báo Nam Định") == "bao-ha-nam"
    assert source_key("Kênh Đồng Lúa, TTXVN") == source_key("Kênh Đồng Lúa")
    assert source_key("Lê Thị Anh/TTXVN") == "ttxvn"
    assert source_key("Lê Thị Anh") != source_key("Lê Thị Ảnh")


def test_gazetteer_gives_each_of_its_names_and_hosts_the_key_of_its_row() -> None:
    file = resources.files("archive").joinpath("sources.csv")
    rows = list(csv.DictReader(file.read_text("utf-8").splitlines()))
    assert len({row["key"] for row in rows}) == len(rows)
    for row in rows:
        for name in [row["name"], *filter(None, listed(row["variants"])), *row["hosts"].split()]:
            assert source_key(name) == row["key"], name
    assert {f"bao-{one.slug}" for one in provinces()} - {row["key"] for row in rows} == {
        "bao-ha-noi", "bao-dien-bien", "bao-thua-thien-hue", "bao-tp-ho-chi-minh", "bao-tien-giang", "bao-ben-tre",
    }  # fmt: skip


def test_a_gazetteer_that_gives_one_name_to_two_sources_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Twice:
        def joinpath(self, name: str) -> "Twice":
            return self

        def read_text(self, encoding: str) -> str:
            return "key,name,variants,hosts\na,Báo Đồng Lúa,,x.vn\nb,Báo Bờ Đê,Đồng lúa; Báo đồng lúa,y.vn\n"

    monkeypatch.setattr("archive.sources.resources.files", lambda package: Twice())
    with pytest.raises(ValueError, match=r"sources.csv: 'bao-dong-lua~dof.s' stands for a and for b"):
        gazetteer.__wrapped__()


SOURCES = st.sampled_from([one for one in DIFFERENT if not one.isascii() and not one.startswith("新")])
DECORATIONS = st.lists(
    st.sampled_from(
        (
            str.upper,
            str.lower,
            lambda text: unicodedata.normalize("NFD", text),
            lambda text: f"({text})",
            lambda text: f"Theo {text}",
            lambda text: f"Nguồn: {text}",
            lambda text: f" {text}. ",
            lambda text: f"“{text}”",
            lambda text: text.replace(" ", "\u00a0"),
            lambda text: f"{text}, TTXVN",
        )
    ),
    max_size=4,
)


@given(SOURCES, DECORATIONS)
def test_decoration_changes_no_key(source: str, decorations: list) -> None:  # type: ignore[type-arg]
    decorated = source
    for decorate in decorations:
        decorated = decorate(decorated)
    assert source_key(decorated) == source_key(source)


@given(st.text(max_size=600))
@example("Báo " * 100_000)
@example("(" * 500)
@example("ﷺ" * 400)
@example("a." * 300 + "vn")
@example("http://" * 100)
@example("e\u0301" + "\u0301" * 300)
@example("\ud800 \udfff")
@example("\u0301Báo\u202eHà Nam\x00")
def test_whatever_stands_there_gives_a_short_key_of_ascii_or_none(text: str) -> None:
    key = source_key(text)
    assert key is None or (key.isascii() and key.isprintable() and 0 < len(key) <= MAX_KEY and " " not in key)


def test_long_names_that_end_otherwise_are_apart() -> None:
    name = "Trung tâm Nghiên cứu " + "đồng lúa bờ đê " * 12
    assert source_key(name + "Đông") != source_key(name + "Đoài")


def test_a_site_is_credited_by_its_title_its_hosts_and_its_names() -> None:
    given = site_names("Báo Đồng Lúa", ("www.donglua.example.vn", "donglua.vn"), ("Đồng Lúa cuối tuần", "PV"))
    assert given == {
        source_key("Theo báo Đồng Lúa"),
        "donglua.example.vn",
        "donglua.vn",
        source_key("ĐỒNG LÚA CUỐI TUẦN"),
    }


def test_no_two_sites_of_ours_have_a_name_in_common_and_each_declared_name_adds_one() -> None:
    records = [site_record(spider) for spider in all_sites().values()]
    names = [name for record in records for name in site_names(record.title, record.hosts, record.names)]
    assert len(names) == len(set(names))
    for record in records:
        without = site_names(record.title, record.hosts)
        assert len(site_names(record.title, record.hosts, record.names)) == len(without) + len(record.names)


def names_of(sessions: Sessions, site_id: int) -> set[str]:
    with reading(sessions) as session:
        return set(session.scalars(select(SiteName.name).where(SiteName.site_id == site_id)))


def test_registering_keeps_the_names_of_a_site_up_to_date(sessions: Sessions, clock: HandClock) -> None:
    def register(name: str, title: str, hosts: tuple[str, ...], *names: str) -> int:
        with sessions.begin() as session:
            return register_site(session, SiteRecord(name, title, "f", hosts, "ha-nam", names), clock)

    site = register("a", "Báo Hà Nam", ("baohanam.com.vn",), "Báo Sông Châu")
    other = register("b", "Tuyên giáo Hà Nam", ("b.vn",), "Báo Hà Nam")
    assert names_of(sessions, site) == {"bao-ha-nam", source_key("Báo Sông Châu")}
    assert names_of(sessions, other) == {"tuyen-giao-ha-nam", "b.vn", "bao-ha-nam"}
    assert register("b", "Tuyên giáo Hà Nam", ("c.vn",)) == other
    assert register("b", "Tuyên giáo Hà Nam", ("c.vn",)) == other
    # A host that is no longer declared stays, and so does its name.
    assert names_of(sessions, other) == {"tuyen-giao-ha-nam", "b.vn", "c.vn"}
    assert names_of(sessions, site) == {"bao-ha-nam", source_key("Báo Sông Châu")}


def test_machines_that_register_one_site_at_once_leave_the_names_of_both(sessions: Sessions, clock: HandClock) -> None:
    start = threading.Barrier(4)

    def register(host: str) -> int:
        start.wait(30)
        with sessions.begin() as session:
            return register_site(session, SiteRecord("moi", "Báo Hà Nam", "f", (host,), "ha-nam", ("VOV",)), clock)

    with ThreadPoolExecutor(4) as threads:
        (site,) = set(threads.map(register, ("a.vn", "b.vn", "c.vn", "d.vn")))
    assert names_of(sessions, site) == {"bao-ha-nam", "vov", "a.vn", "b.vn", "c.vn", "d.vn"}
