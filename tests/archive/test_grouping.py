"""The rules of versions and canonical texts, each at its threshold, and what must hold of any groups."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.fingerprint import core, figures_of, paragraphs
from archive.grouping import (
    CONTAINMENT,
    CREDITED,
    JACCARD,
    LEAST_LENGTH,
    LEAST_SHINGLES,
    Evidence,
    Printing,
    Version,
    compare,
    expected_jaccard,
    groups,
    in_window,
)
from archive.models import ReprintMethod
from tests.archive.stories import weather

EPOCH = datetime(2022, 1, 1, tzinfo=UTC)
DAY = EPOCH.toordinal()


def printing(site: int = 1, day: int | None = 5, *, minute: int = 0, **more: Any) -> Printing:
    """One on that day (after `EPOCH`; None: undated)."""
    latest = None if day is None else EPOCH + timedelta(days=day, minutes=minute)
    given = {"source": None, "credits": frozenset(), **more}
    return Printing(site, None if day is None else DAY + day, latest, **given)


def crediting(site: int, of: int, day: int | None = 5, **more: Any) -> Printing:
    return printing(site, day, source=f"nguon-{of}", credits=frozenset({of}), **more)


def of_shingles(numbers: range, *printings: Printing, core_hash: int | None = None, words: str = "") -> Version:
    given = np.array(numbers, dtype=np.uint64)
    # A core hash is of the words; of two made ones it differs unless it is said to be one.
    made, figures = hash(numbers) if core_hash is None else core_hash, figures_of(words)
    return Version(0, made, given, figures, figures, printings or (printing(),))


def pair(one: int, other: int, shared: int, *printings: Printing) -> tuple[Version, Version]:
    """Versions of so many shingles that share so many; printed on two sites unless told otherwise."""
    first, second = printings or (printing(1), printing(2))
    return of_shingles(range(one), first), of_shingles(range(one - shared, one - shared + other), second)


def both_ways(one: Version, other: Version) -> Evidence | None:
    """The evidence, which must be the same in either order."""
    evidence = compare(one, other)
    assert compare(other, one) == evidence
    return evidence


def method(one: Version, other: Version) -> str | None:
    evidence = both_ways(one, other)
    return evidence.method.value if evidence else None


def test_the_constants_are_those_that_were_measured() -> None:
    assert (JACCARD, CONTAINMENT, CREDITED, LEAST_SHINGLES, LEAST_LENGTH) == (0.7, 0.8, 0.5, 30, 0.25)


CREDITING = (crediting(1, 2), printing(2))


@pytest.mark.parametrize(
    ("sizes", "printings", "expected"),
    [
        ((850, 850, 700), (), "jaccard"),
        ((850, 850, 699), (), "containment"),
        ((17, 17, 14), (), "jaccard"),
        ((17, 17, 13), (), None),
        ((100, 300, 80), (), "containment"),
        ((100, 300, 79), (), None),
        ((30, 100, 30), (), "containment"),
        ((29, 100, 29), (), None),
        ((50, 200, 50), (), "containment"),
        ((50, 201, 50), (), None),
        ((100, 100, 50), CREDITING, "credited"),
        ((100, 100, 49), CREDITING, None),
        ((100, 100, 50), (), None),
        ((100, 100, 79), CREDITING, "credited"),
        ((30, 100, 15), CREDITING, "credited"),
        ((29, 100, 15), CREDITING, None),
        ((50, 200, 25), CREDITING, "credited"),
        ((50, 201, 50), CREDITING, None),
    ],
)
def test_each_rule_at_its_threshold(
    sizes: tuple[int, int, int], printings: tuple[Printing, ...], expected: str | None
) -> None:
    assert method(*pair(*sizes, *printings)) == expected


def test_what_was_measured_is_kept_with_the_method() -> None:
    assert both_ways(*pair(100, 300, 80)) == Evidence(ReprintMethod.CONTAINMENT, 80 / 320, 80 / 100)
    assert expected_jaccard(np.array([100]), np.array([300]), 0.8) == pytest.approx([80 / 320])


def test_equal_cores_are_versions_however_short_and_what_has_no_words_never_is() -> None:
    one = of_shingles(range(1), printing(1), core_hash=7)
    assert both_ways(one, of_shingles(range(1), printing(2), core_hash=7)) == Evidence(ReprintMethod.EQUAL, 1.0, 1.0)
    none = of_shingles(range(0), printing(1), core_hash=7)
    assert both_ways(none, replace(none, printings=(printing(2),))) is None
    assert both_ways(none, one) is None


def test_nothing_shared_is_no_evidence_at_either_end_of_the_numbers() -> None:
    assert both_ways(of_shingles(range(100)), of_shingles(range(1000, 1100), printing(2))) is None
    assert both_ways(of_shingles(range(1000, 1100)), of_shingles(range(100), printing(2))) is None


# -- credits --------------------------------------------------------------------------------------
HALF = (100, 100, 60)


@pytest.mark.parametrize(
    ("article", "original", "expected"),
    [
        (20, 10, True),
        (20, 9, False),
        (20, 21, True),
        (20, 22, False),
        (20, 20, True),
        (None, 3, True),
        (3, None, True),
        (None, None, True),
    ],
)
def test_an_original_is_from_ten_days_before_to_one_after(
    article: int | None, original: int | None, expected: bool
) -> None:
    assert in_window(printing(1, article), printing(2, original)) is expected
    given = pair(*HALF, crediting(1, 2, article), printing(2, original))
    assert method(*given) == ("credited" if expected else None)


@pytest.mark.parametrize(("apart", "expected"), [(0, True), (10, True), (11, False)])
@pytest.mark.parametrize("sites", [(1, 2), (2, 1)])
def test_articles_that_name_one_source_are_within_ten_days(apart: int, expected: bool, sites: tuple[int, int]) -> None:
    one, other = (printing(site, day, source="ttxvn") for site, day in zip(sites, (5, 5 + apart), strict=True))
    assert method(*pair(*HALF, one, other)) == ("credited" if expected else None)
    assert method(*pair(*HALF, one, replace(other, source="vov"))) is None
    assert method(*pair(*HALF, one, replace(other, source=None))) is None
    assert method(*pair(*HALF, replace(one, source=None), replace(other, source=None))) is None
    # Morning and evening bulletins of one service, or two of its reports written to one pattern.
    assert method(*pair(*HALF, one, replace(other, site=one.site))) is None


def test_a_credit_to_another_site_than_that_of_the_other_text_is_none() -> None:
    assert method(*pair(*HALF, crediting(1, 3), printing(2))) is None


def test_a_credit_to_the_own_site_is_none() -> None:
    assert method(*pair(*HALF, crediting(1, 1), printing(1))) is None
    # As when a paper signs all that it prints.
    assert method(*pair(*HALF, crediting(1, 1), crediting(1, 1))) is None


def test_one_printing_of_many_suffices_for_a_credit() -> None:
    one, other = pair(*HALF)
    one = replace(one, printings=(printing(1), printing(3), crediting(4, 2)))
    assert method(one, other) == "credited"


# -- bulletins ------------------------------------------------------------------------------------
def text(words: Sequence[str], *printings: Printing) -> Version:
    made = core(paragraphs("\n\n".join(words)))
    return Version(0, made.hash, made.shingles, figures_of(" ".join(words)), made.figures, printings)


def prices(day: int, rice: int, pork: int, *, extra: str = "") -> tuple[str, ...]:
    return (
        f"Giá cả thị trường ngày {day}/1 tại các chợ trung tâm nhìn chung ổn định, nguồn hàng dồi dào, sức mua khá,"
        f" riêng mặt hàng rau xanh tăng nhẹ do rét đậm kéo dài trên diện rộng. {extra}",
        f"Gạo tẻ thường {rice} đồng một cân, thịt lợn mông sấn {pork} đồng một cân, cá trắm và cá chép giữ giá, trứng"
        " gà ta giảm nhẹ so với tuần trước; các loại gia vị, đường sữa và bánh kẹo không đổi so với phiên chợ trước.",
    )


def programme(day: int, hour: int, film: int) -> tuple[str, ...]:
    return (
        f"Chương trình truyền hình ngày {day}/1: {hour} giờ chào buổi sáng, sau đó là bản tin thời sự, ca nhạc theo"
        " cầu, chuyên mục nông nghiệp và nông thôn, thể thao trong nước và quốc tế, thiếu nhi vui học cùng bạn nhỏ.",
        f"Buổi tối có phim truyện dài tập, tập {film}, tiếp đến là thời sự cuối ngày, dự báo thời tiết, sân khấu chèo"
        " dân ca, chuyện quê, trang văn nghệ, cuối cùng là phần giới thiệu chương trình của ngày hôm sau.",
    )


BULLETINS = pytest.mark.parametrize(
    ("one", "other"),
    [
        (weather(5, 12, 19, 30), weather(6, 12, 17, 30)),
        (weather(5, 12, 19, 30, dated=False), weather(6, 11, 19, 30, dated=False)),
        (prices(5, 14, 120), prices(6, 14, 125)),
        (programme(5, 6, 11), programme(6, 6, 12)),
    ],
    ids=["weather", "weather without a date", "prices", "programme"],
)


@BULLETINS
def test_bulletins_of_different_days_on_one_site_stay_apart(one: Sequence[str], other: Sequence[str]) -> None:
    on_two_sites = both_ways(text(one, printing(1, 5)), text(other, printing(2, 6)))
    assert on_two_sites is not None
    assert on_two_sites.jaccard >= JACCARD, "these are so alike that nothing else keeps them apart"
    assert both_ways(text(one, printing(1, 5)), text(other, printing(1, 6))) is None
    assert both_ways(text(one, printing(1, 5)), text(other, printing(1, None))) is None, "who knows the day"


@BULLETINS
def test_on_one_day_what_was_corrected_is_a_version(one: Sequence[str], other: Sequence[str]) -> None:
    assert method(text(one, printing(1, 5)), text(other, printing(1, 5))) == "jaccard"
    # Though it was printed again on another day.
    assert method(text(one, printing(1, 5), printing(1, 4)), text(other, printing(1, 5), printing(1, 6))) == "jaccard"


def test_twins_of_different_days_on_one_site_meet_if_no_figure_is_lost() -> None:
    one = text(prices(5, 14, 120), printing(1, 5))
    more = text(prices(5, 14, 120, extra="Tin thêm lúc 9 giờ."), printing(1, 6))
    assert method(one, more) == "jaccard"
    assert method(one, text(("Mở đầu. " + prices(5, 14, 120)[0], prices(5, 14, 120)[1]), printing(1, 9))) == "jaccard"


def test_the_same_words_and_figures_on_another_site_meet() -> None:
    one, other = text(weather(5, 12, 19, 30), printing(1, 5)), text(weather(5, 12, 19, 30), printing(2, 6))
    assert method(one, other) == "equal"
    # Nor does the site's own other edition keep them apart from it.
    assert method(one, replace(other, printings=(printing(2, 6), printing(1, 5)))) == "equal"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("ngày 5/1", "ngày 6/1", None),
        ("ngày 05/01/2022", "ngày 06/01/2022", None),
        ("ngày 1/1", "ngày 2/1", None),
        ("ngày 11/1", "ngày 1/1", None),
        ("ngày 5/1", "ngày 5/1", "equal"),
        ("ngày 5/1", "ngày 5/1 (bản 2)", "equal"),
        ("không số", "ngày 6/1", "equal"),
        ("không số", "không số", "equal"),
    ],
)
def test_titles_that_differ_only_in_the_day_keep_equal_bulletins_apart(
    one: str, other: str, expected: str | None
) -> None:
    words = weather(5, 12, 19, 30, dated=False)
    first, second = (
        text(words, printing(1, 5, figures=figures_of(one))),
        text(words, printing(1, 6, figures=figures_of(other))),
    )
    assert method(first, second) == expected


# -- symmetry -------------------------------------------------------------------------------------
PRINTINGS = st.builds(
    lambda site, day, source, figures: printing(
        site,
        day,
        source=source,
        credits=frozenset({1, 2, 3} & {int(source)}) if source else frozenset(),
        figures=figures,
    ),
    st.integers(1, 3),
    st.sampled_from((None, 1, 2, 5, 12)),
    st.sampled_from((None, "1", "2", "3", "9")),
    st.sampled_from(((), ("5", "1"), ("6", "1"), ("1", "1"))),
)
WORDS = ("", "5 độ", "6 độ", "5 độ 6 mm")
VERSIONS = st.builds(
    # Those with the same shingles have the same words, as true ones have.
    lambda start, size, some: of_shingles(range(start, start + size), *some, words=WORDS[(start + size) % len(WORDS)]),
    st.sampled_from((0, 5, 10, 40)),
    st.sampled_from((0, 29, 30, 40, 80)),
    st.lists(PRINTINGS, min_size=1, max_size=3),
)


@given(one=VERSIONS, other=VERSIONS)
def test_evidence_is_the_same_in_either_order(one: Version, other: Version) -> None:
    assert compare(one, other) == compare(other, one)
    turned = replace(one, printings=one.printings[::-1]), replace(other, printings=other.printings[::-1])
    assert compare(*turned) == compare(one, other), "it hangs on the order of the printings"


# -- groups ---------------------------------------------------------------------------------------
def canonical_of(printings: Mapping[str, Printing], *pairs: str) -> dict[str, str]:
    """The groups of texts named by letters, with evidence between those of each two letters."""
    return groups({name: [one] for name, one in printings.items()}, [(pair[0], pair[1]) for pair in pairs])


def test_the_earliest_is_canonical_and_alone_one_is_its_own() -> None:
    given = {"a": printing(1, 5), "b": printing(2, 4), "c": printing(3, 6), "d": printing(3, 1)}
    assert canonical_of(given, "ab", "bc", "ac") == {"a": "b", "b": "b", "c": "b", "d": "d"}


def test_of_one_instant_the_lower_id_is_canonical() -> None:
    assert canonical_of({"b": printing(1), "a": printing(2)}, "ab") == {"a": "a", "b": "a"}


def test_the_earliest_printing_of_a_text_counts() -> None:
    versions = {"a": [printing(1, 5)], "b": [printing(2, 9), printing(3, 4)]}
    assert groups(versions, [("a", "b")]) == {"a": "b", "b": "b"}


def test_attribution_outranks_dates() -> None:
    given = {"a": crediting(1, 2, 5), "b": printing(2, 6), "c": printing(3, 7)}
    assert canonical_of(given, "ab", "bc", "ac") == dict.fromkeys("abc", "b")
    # But not to a site outside of the window, nor one that has no text of the story.
    assert canonical_of(given | {"b": printing(2, 7)}, "ab", "bc", "ac") == dict.fromkeys("abc", "a")
    assert canonical_of(given | {"a": crediting(1, 9, 5)}, "ab", "bc", "ac") == dict.fromkeys("abc", "a")
    assert canonical_of(given, "bc", "ac")["c"] == "a", "without evidence a credit says nothing"


def test_of_two_that_credit_each_other_the_earlier_is_canonical() -> None:
    given = {"a": crediting(1, 2, 6), "b": crediting(2, 1, 5)}
    assert canonical_of(given, "ab") == {"a": "b", "b": "b"}
    # Neither credit counts, so that both are before a later one without any.
    assert canonical_of(given | {"c": printing(3, 7)}, "ab", "bc", "ac") == dict.fromkeys("abc", "b")


def test_an_undated_text_is_canonical_only_among_undated_ones() -> None:
    given = {"a": printing(1, None), "b": crediting(2, 1, 5)}
    assert canonical_of(given, "ab") == {"a": "b", "b": "b"}
    assert canonical_of({"a": crediting(1, 2, None), "b": printing(2, None)}, "ab") == {"a": "b", "b": "b"}


def test_a_site_that_printed_a_text_attributes_it_to_nobody_by_its_own_credit() -> None:
    versions = {"a": [printing(1, 5), crediting(2, 1, 5)], "b": [printing(1, 6)]}
    assert groups(versions, [("a", "b")]) == {"a": "a", "b": "a"}


def test_a_chain_never_becomes_one_story() -> None:
    given = {name: printing(1 + number, number) for number, name in enumerate("abcd")}
    assert canonical_of(given, "ab", "bc", "cd") == {"a": "a", "b": "a", "c": "c", "d": "c"}


def test_one_may_follow_the_source_that_it_credits_into_the_group() -> None:
    given = {"a": printing(1, 1), "b": crediting(2, 1, 2), "c": crediting(3, 2, 3), "d": printing(4, 4)}
    assert canonical_of(given, "ab", "bc", "cd") == {"a": "a", "b": "a", "c": "a", "d": "d"}
    # Not over one that it does not credit.
    assert canonical_of(given | {"c": crediting(3, 9, 3)}, "ab", "bc")["c"] == "c"


@pytest.mark.parametrize("source", [None, "dai-khi-tuong"])
@pytest.mark.parametrize(("fifth", "sixth"), [(5, 6), (None, None)])
def test_bulletins_of_one_site_do_not_meet_by_way_of_another_site(
    source: str | None, fifth: int | None, sixth: int | None
) -> None:
    texts = {
        "a": text(weather(5, 12, 19, 30), printing(1, 5, source=source)),
        "b": text((*weather(5, 12, 19, 30), "Theo đài tỉnh."), printing(2, fifth, source=source)),
        "c": text(weather(6, 11, 17, 5), printing(2, sixth, source=source)),
    }
    pairs = [(one, other) for one in texts for other in texts if one < other and compare(texts[one], texts[other])]
    assert ("b", "c") not in pairs
    made = groups({name: one.printings for name, one in texts.items()}, pairs)
    assert made["b"] != made["c"], "two editions of one site in one story"


LICENCES = "Giấy phép số 45/GP ngày 12/3/2019. ĐT: 0226 3852 123", "Giấy phép số 7/GP ngày 30/9/2021. ĐT: 0203 3835 684"


def test_numbers_that_recur_on_the_sites_part_no_reprint() -> None:
    words = "\n\n".join(weather(5, 12, 19, 30, dated=False))
    one, other = (
        Version(0, made.hash, made.shingles, figures_of(words + line), made.figures, (printing(site, 4 + site),))
        for site, line in enumerate(LICENCES, 1)
        for made in [core(paragraphs(words))]
    )
    assert method(one, other) == "equal"


def test_prices_that_recur_tell_bulletins_of_one_site_apart() -> None:
    made = core(paragraphs("Giá lúa, giá lợn hơi và giá cà phê trong tỉnh hôm nay như sau, theo các chợ đầu mối lớn."))
    one, other = (
        Version(0, made.hash, made.shingles, figures, made.figures, (printing(1, day),))
        for day, figures in ((5, ("56", "40")), (6, ("57", "00")))
    )
    assert method(one, replace(other, figures=one.figures)) == "equal"
    assert method(one, other) is None


NAMES = "abcdefgh"
WORLDS = st.tuples(
    st.lists(
        st.lists(
            st.builds(
                lambda site, day, credit: printing(
                    site, day, credits=frozenset() if credit is None else frozenset({credit})
                ),
                st.integers(1, 4),
                st.sampled_from((None, 1, 2, 3, 4, 20)),
                st.sampled_from((None, 1, 2, 3, 4)),
            ),
            min_size=1,
            max_size=2,
        ),
        min_size=1,
        max_size=len(NAMES),
    ),
    st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=16),
).map(
    lambda world: (
        dict(zip(NAMES, world[0], strict=False)),
        sorted({(min(a, b), max(a, b)) for a, b in world[1] if a != b and NAMES.index(max(a, b)) < len(world[0])}),
    )
)
World = tuple[dict[str, list[Printing]], list[tuple[str, str]]]


def says_it_is_from(one: Sequence[Printing], other: Sequence[Printing]) -> bool:
    """Whether a text credits a site that printed the other in time, and that did not print it as well."""
    own = {a.site for a in one}
    return any(b.site in a.credits and in_window(a, b) for a in one if not own & a.credits for b in other)


@given(world=WORLDS, seed=st.integers(0, 1000))
def test_groups_do_not_hang_on_the_order(world: World, seed: int) -> None:
    versions, pairs = world
    drawn = random.Random(seed)
    names, turned = list(versions), [drawn.choice(((a, b), (b, a))) for a, b in pairs]
    drawn.shuffle(names)
    drawn.shuffle(turned)
    shuffled = {name: drawn.sample(versions[name], len(versions[name])) for name in names}
    assert groups(shuffled, turned) == groups(versions, pairs)


@given(world=WORLDS)
def test_what_holds_of_any_groups(world: World) -> None:
    versions, pairs = world
    made = groups(versions, pairs)
    assert made.keys() == versions.keys()
    beside = {frozenset(pair) for pair in pairs}
    dated = {name for name, some in versions.items() if any(one.latest for one in some)}

    def from_(one: str, other: str) -> bool:
        return frozenset((one, other)) in beside and says_it_is_from(versions[one], versions[other])

    for one, canonical in made.items():
        assert made[canonical] == canonical
        members = [name for name in made if made[name] == canonical]
        sources = [name for name in members if from_(one, name) and not from_(name, one)]
        direct = frozenset((one, canonical)) in beside
        assert one == canonical or direct or sources, "a chain"
        assert canonical in dated or not dated & set(members), "an undated text before a dated one"
        if direct and (canonical in dated) == (one in dated):
            attributed = [
                any(from_(name, near) and not from_(near, name) for near in versions) for name in (canonical, one)
            ]
            assert attributed[0] <= attributed[1], "one that credits another before one that does not"
            if attributed[0] == attributed[1] and one in dated:
                first = [min(p.latest for p in versions[name] if p.latest) for name in (canonical, one)]
                assert first[0] <= first[1], "a later text before an earlier one"
