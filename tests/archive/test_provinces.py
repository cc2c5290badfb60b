"""The gazetteer and how names are recognised."""

import pytest

from archive.provinces import by_code, by_slug, find, fold, provinces, site_provinces


def test_63_became_34() -> None:
    assert len(provinces()) == 63
    assert len({p.old_code for p in provinces()}) == 63
    assert len({p.slug for p in provinces()}) == 63
    assert len({(p.new_code, p.new_name, p.new_slug) for p in provinces()}) == 34
    assert all(p.slug == fold(p.old_name) and p.new_slug == fold(p.new_name) for p in provinces())


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("quang-ninh", ["quang-ninh"]),
        ("Quảng Ninh", ["quang-ninh"]),
        ("tỉnh QUẢNG NINH", ["quang-ninh"]),
        ("Hòa Bình", ["hoa-binh"]),
        ("Hoà Bình", ["hoa-binh"]),
        ("Ho\u0300a Bi\u0300nh", ["hoa-binh"]),
        ("Đắk Nông", ["dak-nong"]),
        ("Lào Cai", ["lao-cai", "yen-bai"]),
        ("Yên Bái", ["yen-bai"]),
        ("Huế", ["thua-thien-hue"]),
        ("Hồ Chí Minh", ["binh-duong", "ba-ria-vung-tau", "tp-ho-chi-minh"]),
        ("Bà Rịa - Vũng Tàu", ["ba-ria-vung-tau"]),
        ("Thanh Hoá", ["thanh-hoa"]),
        ("Khánh Hoà", ["khanh-hoa", "ninh-thuan"]),
        ("Thừa Thiên - Huế", ["thua-thien-hue"]),
        ("TP. Hồ Chí Minh", ["binh-duong", "ba-ria-vung-tau", "tp-ho-chi-minh"]),
        ("TP.HCM", ["binh-duong", "ba-ria-vung-tau", "tp-ho-chi-minh"]),
        ("Đắc Lắc", ["phu-yen", "dak-lak"]),
        ("Đak Lak", ["phu-yen", "dak-lak"]),
        ("TT Huế", ["thua-thien-hue"]),
        ("BR-VT", ["ba-ria-vung-tau"]),
        ("Đăk Nông", ["dak-nong"]),
        ("Bắc Cạn", ["bac-kan"]),
        ("63:10", ["lao-cai"]),
        ("63:15", ["yen-bai"]),
        ("34:15", ["lao-cai", "yen-bai"]),
        ("34:79", ["binh-duong", "ba-ria-vung-tau", "tp-ho-chi-minh"]),
    ],
)
def test_find(text: str, slugs: list[str]) -> None:
    assert [p.slug for p in find(text)] == slugs


def test_an_unknown_province_names_near_ones() -> None:
    with pytest.raises(ValueError, match=r"no province 'Quang Nin'; did you mean .*quang-ninh"):
        find("Quang Nin")
    with pytest.raises(ValueError, match="known are "):
        find("zzz")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("15", r"a code needs its era; 63:15 \(Yên Bái\) or 34:15 \(Lào Cai\)"),
        ("17", r"a code needs its era; 63:17 \(Hòa Bình\)"),
        ("03", "a code needs its era; no era has it"),
        ("34:17", "none of the 34 has the code 17"),
    ],
)
def test_a_code_alone_names_no_province(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        find(text)


def test_every_name_finds_its_own_and_no_spelling_is_ambiguous() -> None:
    for one in provinces():
        assert one in find(one.old_name)
        assert one in find(one.new_name)
        assert find(f"63:{one.old_code}") == [one]
        assert one in find(f"34:{one.new_code}")
        for spelling in filter(None, one.spellings.split(";")):
            assert one in find(spelling.strip()), spelling


def test_codes_need_their_era() -> None:
    assert [p.slug for p in by_code("63", "24")] == ["bac-giang"]
    assert [p.slug for p in by_code("34", "24")] == ["bac-giang", "bac-ninh"]


def test_a_site_has_its_province_in_both_eras() -> None:
    assert site_provinces("binh-phuoc") == [("63", "70"), ("34", "75")]
    assert site_provinces("hue") == [("63", "46"), ("34", "46")]
    assert by_slug("lao-cai").old_code == "10"
    with pytest.raises(ValueError, match="no province"):
        site_provinces("Quảng Ninh")
