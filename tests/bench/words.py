"""Invented sentences that look Vietnamese: made-up words as frequent as real ones, names, figures, set phrases."""

import random
import unicodedata
from functools import cache
from itertools import accumulate

PARAGRAPH = (30, 65)
"""From how many syllables on a paragraph ends: a text of mean length has 9 to 14."""

STYLES = {"hòa": "hoà", "thủy": "thuỷ", "xóa": "xoá", "khỏe": "khoẻ", "hóa": "hoá", "lũy": "luỹ", "tòa": "toà"}
"""Syllables of which both placements of the tone mark are met, the new one first."""


def _list(words: str, divider: str = " ") -> list[str]:
    return [word.strip() for word in " ".join(words.split()).split(divider)]


_COMMON = _list("""
    của và các trong được cho có với đã là những một đến người về này để tại từ khi không ra nhiều trên năm ngày công
    tác phát triển xây dựng thực hiện đảm bảo dân sản xuất nông nghiệp học sinh gia đình cán bộ địa phương
    """)
_PHRASES = _list(
    """
    Ủy ban nhân dân tỉnh | trên địa bàn tỉnh | phát biểu tại hội nghị | cấp ủy, chính quyền địa phương |
    trong thời gian tới | nâng cao chất lượng cuộc sống | Hội đồng nhân dân tỉnh | các cơ quan, đơn vị, địa phương |
    phát triển kinh tế - xã hội | bà con nhân dân trong xã | chương trình mục tiêu quốc gia | xây dựng nông thôn mới |
    so với cùng kỳ năm trước | Đảng bộ và nhân dân
    """,
    "|",
)
_ONSETS = _list("b c ch d đ g gi h kh l m n ng nh ph qu r s t th tr v x")
_RHYMES = _list("""
    a an ang anh ao ay âm ân âng ât ăm ăn ăng e em en eo ê êm ên i im in inh iên iêu o oa oan oang oe ong oi ô ôi ôm ôn
    ông ơ ơi ơn u ui un ung uy uyên uân uôi uông ư ưng ươi ươn ương ưu
    """)
_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
_VOWEL_MARKS = ("\u0302", "\u0306", "\u031b")
_FAMILIES = _list("Nguyễn Trần Lê Phạm Hoàng Vũ Đặng Bùi Lò Cà Giàng Vàng Hồ Đinh Lương")
_GIVEN = _list("Anh Bình Chi Dung Hà Hòa Khánh Lan Minh Nga Phương Quang Sơn Thắng Thủy Toàn Tuấn Vân Xuân Yến")
_PLACES = _list(
    """
    Khau Pùng | Nậm Chảy | Đồng Lạc | Thanh Tân | Tân Hòa | Phú Lộc | Cẩm Sơn | Yên Thịnh | Mường Lang | Đắk Rung |
    Bình An | Vĩnh Thuận | Lộc Thành | Hải Xuân | Quảng Phong | Trà Lĩnh | Sơn Thủy | An Nghiệp | Thạnh Phú | Nghĩa Tâm
    """,
    "|",
)


def words(chosen: random.Random, number: int) -> list[str]:
    """So many words, some of them set phrases."""
    known, weights = _vocabulary()
    return chosen.choices(known, cum_weights=weights, k=number)


def sentence(chosen: random.Random) -> str:
    """A sentence of about 12 to 35 syllables."""
    some = words(chosen, chosen.randint(7, 18))
    if chosen.random() < 0.6:
        some[chosen.randrange(len(some))] = _figure(chosen)
    if chosen.random() < 0.6:
        some.insert(chosen.randrange(len(some)), _name(chosen))
    if len(some) > 9:
        some[len(some) // 2] += ","
    said = " ".join(some)
    if chosen.random() < 0.12:
        said = f"“{said[0].upper()}{said[1:]}” – {_name(chosen)} nói"
    return f"{said[0].upper()}{said[1:]}."


def body(chosen: random.Random, length: int) -> tuple[str, ...]:
    """Paragraphs of so many syllables together, give or take a sentence."""
    out = []
    left = length
    while left > 0:
        said: list[str] = []
        size, most = 0, min(left, chosen.randint(*PARAGRAPH) - 15)
        while size < most:
            said.append(sentence(chosen))
            size += syllables(said[-1])
        out.append(" ".join(said))
        left -= size
    return tuple(out)


def syllables(*paragraphs: str) -> int:
    """How many syllables paragraphs have together, dashes counted."""
    return sum(paragraph.count(" ") + 1 for paragraph in paragraphs)


def _figure(chosen: random.Random) -> str:
    match chosen.randrange(5):
        case 0:
            return f"{chosen.randint(1, 9)}.{chosen.randint(100, 999)} hộ"
        case 1:
            return f"{chosen.randint(1, 98)},{chosen.randint(1, 9)} %"
        case 2:
            return f"ngày {chosen.randint(1, 28)}/{chosen.randint(1, 12)}"
        case 3:
            return f"{chosen.randint(2, 990)} triệu đồng"
        case _:
            return f"{chosen.randint(2, 990)} ha"


def _name(chosen: random.Random) -> str:
    if chosen.random() < 0.5:
        return f"{chosen.choice(('huyện', 'xã', 'bản'))} {chosen.choice(_PLACES)}"
    person = f"{chosen.choice(_FAMILIES)} {chosen.choice('VTĐHN')}. {chosen.choice(_GIVEN)}"
    return f"{chosen.choice(('ông', 'bà', 'đồng chí'))} {person}"


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    """Words with their cumulated weights: the n-th most frequent has a share of about 1 / n (Zipf's law)."""
    chosen = random.Random(2021)
    syllables = [
        _toned(onset + rhyme, len(onset), _TONES[tone])
        for onset in _ONSETS
        for rhyme in _RHYMES
        if _is_written(onset, rhyme)
        for tone in chosen.sample((2, 5) if rhyme.endswith("t") else range(6), 2)
    ]
    made = [*syllables, *(" ".join(chosen.sample(syllables, 2)) for _ in range(5_000)), *STYLES]
    chosen.shuffle(made)
    known = [*_COMMON, *made]
    # A set phrase is met about as often as a word of the second hundred.
    for place, phrase in enumerate(_PHRASES):
        known.insert(150 + 12 * place, phrase)
    return known, list(accumulate(1 / (place + 8) for place in range(len(known))))


def _is_written(onset: str, rhyme: str) -> bool:
    """Whether the two stand together: before e, ê and i one writes k, gh and ngh, which are left out here."""
    if onset in ("c", "g", "ng", "gi"):
        return rhyme[0] not in "eêi"
    return onset != "qu" or rhyme[0] not in "uưo"


def _toned(syllable: str, onset: int, tone: str) -> str:
    """Put a tone mark on the vowel that has another mark; else on the first, or after o and u in a closed syllable."""
    vowels = [place for place in range(onset, len(syllable)) if syllable[place] in "aăâeêioôơuưy"]
    marked = [place for place in vowels if unicodedata.normalize("NFD", syllable[place])[1:2] in _VOWEL_MARKS]
    if marked:
        place = marked[-1]
    else:
        closed = syllable[onset : onset + 2] in ("oa", "oe", "uy") and len(vowels) < len(syllable) - onset
        place = vowels[closed]
    return unicodedata.normalize("NFC", syllable[: place + 1] + tone + syllable[place + 1 :])
