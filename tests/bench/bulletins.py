"""Bulletins that a site prints every day from one template: the same words, other figures."""

import random
from collections.abc import Callable
from datetime import date

Made = tuple[str, tuple[str, ...]]
"""A title and the paragraphs."""


class Figures:
    """A series' figures from day to day: each stays as it was, or goes a step up or down."""

    def __init__(self, seed: int) -> None:
        self._chosen = random.Random(seed)
        self._known: dict[str, int] = {}

    def __call__(self, name: str, first: int, step: int = 1, change: float = 0.35) -> int:
        """The figure `name` of today, which begins as `first` and changes on this share of the days."""
        known = self._known.setdefault(name, first)
        if self._chosen.random() < change:
            known = self._known[name] = max(step, known + step * self._chosen.choice((-2, -1, 1, 2)))
        return known

    def other(self, change: float) -> bool:
        """Whether something that stays on most days is another one today."""
        return self._chosen.random() < change


_REGIONS = (
    "Các huyện phía bắc tỉnh", "Các huyện phía nam tỉnh", "Vùng ven biển và hải đảo", "Khu vực thành phố",
    "Các xã vùng cao biên giới",
)  # fmt: skip


def weather(figures: Figures, day: date) -> Made:
    """Tomorrow's weather in five parts of the province."""
    told = [
        f"{region}: Mây thay đổi, ngày nắng, đêm có mưa rào và dông vài nơi, trong mưa dông có khả năng xảy ra lốc, "
        "sét và gió "
        f"giật mạnh. Gió đông nam cấp {figures(f'{place} gió', 2, change=0.1)}, độ ẩm không khí phổ biến từ 60 đến "
        "90 phần trăm. "
        f"Nhiệt độ thấp nhất {figures(f'{place} thấp', 21)} độ C, nhiệt độ cao nhất {figures(f'{place} cao', 31)} độ C."
        for place, region in enumerate(_REGIONS)
    ]
    first = (
        "Theo Đài Khí tượng thủy văn tỉnh, do ảnh hưởng của rìa phía nam áp cao lạnh lục địa, thời tiết trong tỉnh "
        f"đêm {day.day}/{day.month} "
        "và ngày mai ít thay đổi so với những ngày trước, người dân cần chú ý giữ gìn sức khỏe khi ra ngoài trời."
    )
    return f"Dự báo thời tiết ngày {day.day}/{day.month}/{day.year}", (first, *told)


def gold(figures: Figures, day: date) -> Made:
    """Gold prices at shops; the title names no day."""
    shops = ("Bảo Lộc", "Kim Thành", "Phú Quý Sơn", "Ngọc Hà")
    told = [
        f"Tại cửa hàng {shop}, vàng miếng được niêm yết ở mức {figures(shop, 5620, 5) / 100:.2f} triệu đồng một "
        "lượng chiều mua vào "
        "và cao hơn nửa triệu đồng ở chiều bán ra, chênh lệch giữa giá mua và giá bán vẫn được giữ như trong những "
        "phiên giao dịch "
        "gần đây, lượng khách đến mua bán không nhiều."
        for shop in shops
    ]
    first = (
        f"Sáng {day:%d/%m}, giá vàng trong nước được các doanh nghiệp điều chỉnh nhẹ theo đà của giá vàng thế giới, "
        f"hiện giao dịch quanh mức {figures('ounce', 1734, 3, 0.9)} đô la Mỹ một ounce, theo ghi nhận của phóng "
        "viên tại một số cửa hàng."
    )
    last = (
        "Các chuyên gia cho rằng giá vàng còn chịu nhiều tác động từ lãi suất, tỷ giá và tình hình dịch bệnh, người "
        "dân nên cân nhắc kỹ "
        f"trước khi mua bán trong ngày {day.day} tháng {day.month} này."
    )
    return "Giá vàng hôm nay: Điều chỉnh nhẹ", (first, *told, last)


def pork(figures: Figures, day: date) -> Made:
    """Prices of pigs in the districts."""
    told = [
        f"Tại {district}, thương lái thu mua lợn hơi ở mức {figures(district, 71)}.000 đồng một kg, tùy loại và tùy "
        "khoảng cách vận "
        "chuyển; người chăn nuôi cho biết nguồn cung trong dân không còn nhiều, việc tái đàn vẫn cần thận trọng."
        for district in (
            "thành phố",
            "huyện Tân Hòa",
            "huyện Phú Lộc",
            "huyện Cẩm Sơn",
            "huyện Yên Thịnh",
            "huyện Bình An",
        )
    ]
    first = (
        f"Ghi nhận ngày {day.day}/{day.month}, giá lợn hơi trên địa bàn tỉnh biến động trong phạm vi hẹp, các chợ "
        "đầu mối "
        f"nhập về khoảng {figures('chợ', 420, 10, 0.8)} con mỗi đêm."
    )
    return f"Giá lợn hơi hôm nay {day.day}/{day.month}", (first, *told)


def pepper(figures: Figures, day: date) -> Made:
    """Prices of pepper and coffee, short, with one paragraph that is the same every day."""
    first = (
        f"Giá hồ tiêu hôm nay {day:%d/%m/%Y} tại các vùng trồng trọng điểm của tỉnh được thu mua ở mức "
        f"{figures('tiêu', 712, 5)}00 đồng "
        f"một kg, giá cà phê nhân xô ở mức {figures('cà phê', 321, 2)}00 đồng một kg, các đại lý mua vào đều đặn."
    )
    same = (
        "Giá trên do các đại lý cung cấp và chỉ có giá trị tham khảo, giá thực tế còn tùy vào độ ẩm, dung trọng và "
        "tạp chất của "
        "từng lô hàng khi giao nhận tại kho."
    )
    last = (
        f"Trên sàn giao dịch, hợp đồng kỳ hạn gần nhất ở mức {figures('sàn', 1380, 4, 0.9)} đô la Mỹ một tấn, khối "
        "lượng giao dịch ở mức "
        "trung bình, nhà đầu tư chờ thêm tín hiệu về sản lượng của niên vụ mới từ các nước trồng nhiều."
    )
    return "Giá hồ tiêu, cà phê: Thị trường ổn định", (first, same, last)


_PROGRAMMES = (
    "Thời sự buổi sáng",
    "Tạp chí kinh tế",
    "Phim tài liệu: Miền quê tôi",
    "Ca nhạc theo yêu cầu",
    "Nông dân với nông thôn mới",
    "Khoa học và đời sống",
    "Thiếu nhi: Vườn cổ tích",
    "An ninh và cuộc sống",
    "Sức khỏe cho mọi nhà",
    "Dân ca và nhạc cổ truyền",
    "Thể thao trong nước",
    "Bản tin thời tiết",
    "Phim truyện buổi trưa",
    "Thời sự buổi tối",
    "Cải cách hành chính",
    "Quốc phòng toàn dân",
    "Phim truyện buổi tối",
    "Đọc báo cùng bạn",
    "Du lịch qua màn ảnh nhỏ",
    "Giới thiệu chương trình ngày mai",
)


_OTHER_PROGRAMMES = (
    "Chào ngày mới",
    "Nhịp sống phố núi",
    "Phim hoạt hình dài kỳ",
    "Đại đoàn kết",
    "Vườn cây ao cá",
    "Hỏi đáp pháp luật",
    "Góc nhìn cử tri",
    "Phim Việt Nam giờ vàng",
    "Âm vang đại ngàn",
    "Trang tiếng dân tộc",
    "Bạn của nhà nông",
    "Toàn cảnh ba mươi phút",
    "Phim châu Á đặc sắc",
    "Đường tới trường",
    "Tiếp sóng thời sự trung ương",
    "Biển đảo quê hương",
    "Vì an toàn giao thông",
    "Câu chuyện cuối tuần",
    "Phim nước ngoài về đêm",
    "Nhật ký trong ngày",
)


def _programme(figures: Figures, day: date, names: tuple[str, ...]) -> list[str]:
    """A line for each programme: most are at the same time every day; of the films the part changes."""
    lines = []
    for place, name in enumerate(names):
        minutes = (0, 15, 20, 30, 45)[figures(f"{name} phút", place, change=0.06) % 5]
        part = f", tập {(day.toordinal() + place) % 40 + 1}" if name.startswith("Phim") else ""
        lines.append(f"{5 + place * 18 // 20} giờ {minutes:02}: {name}{part}")
    return lines


def television(figures: Figures, day: date) -> Made:
    """The programme of the provincial television, a paragraph for each part of the day."""
    lines = _programme(figures, day, _PROGRAMMES)
    head = f"Chương trình truyền hình của Đài Phát thanh và Truyền hình tỉnh ngày {day.day}/{day.month}/{day.year}"
    parts = ("; ".join(lines[start : start + 7]) for start in range(0, len(lines), 7))
    return f"Chương trình truyền hình ngày {day.day}/{day.month}", (head, *parts)


def television_by_line(figures: Figures, day: date) -> Made:
    """The same with a paragraph for each programme, most of which stand in every programme; the title names no day."""
    head = f"Lịch phát sóng ngày {day.day} tháng {day.month} năm {day.year}"
    return "Lịch phát sóng truyền hình", (head, *_programme(figures, day, _OTHER_PROGRAMMES))


def power_cuts(figures: Figures, day: date) -> Made:
    """Where the power is off for repairs, mostly at the same hours."""
    told = [
        f"Từ {figures(f'{place} từ', 7, change=0.25)} giờ đến {figures(f'{place} đến', 15, change=0.25)} giờ: mất "
        "điện toàn bộ "
        f"các trạm biến áp thuộc {place} để sửa chữa, thay dây và vệ sinh sứ, ảnh hưởng đến khoảng "
        f"{figures(f'{place} hộ', 230, 10, 0.25)} khách hàng dùng điện sinh hoạt."
        for place in (
            "xã Thanh Tân",
            "xã Lộc Thành",
            "thị trấn Hải Xuân",
            "xã Quảng Phong",
            "xã Nghĩa Tâm",
            "xã An Nghiệp",
        )
    ]
    first = (
        f"Công ty Điện lực tỉnh thông báo lịch ngừng, giảm cung cấp điện ngày {day.day}/{day.month}/{day.year}; "
        "khách hàng có thắc "
        "mắc xin liên hệ trung tâm chăm sóc khách hàng hoặc điện lực nơi gần nhất để được giải đáp."
    )
    return "Thông báo lịch ngừng cung cấp điện", (first, *told)


def tides(figures: Figures, day: date) -> Made:
    """Water levels at the gauges of a delta's rivers."""
    told = [
        f"Trạm {gauge}: mực nước cao nhất trong ngày đạt {figures(gauge, 152, 3, 0.5) / 100:.2f} mét, thấp hơn báo "
        "động một, xuất hiện "
        "vào buổi chiều; dự báo trong ba ngày tới mực nước lên chậm theo kỳ triều cường, các địa phương ven sông "
        "cần gia cố bờ bao "
        "và kiểm tra cống bọng."
        for gauge in ("Vĩnh Thuận", "Thạnh Phú", "Bình An", "Đồng Lạc")
    ]
    first = (
        f"Bản tin thủy văn phát lúc sáng ngày {day.day} tháng {day.month} năm {day.year}: mực nước các sông trong "
        "tỉnh đang chịu "
        "ảnh hưởng của thủy triều, độ mặn bốn phần nghìn xâm nhập sâu vào các cửa sông khoảng "
        f"{figures('mặn', 38, 1, 0.5)} km, cao hơn trung bình nhiều năm."
    )
    return f"Tin thủy văn ngày {day.day}/{day.month}", (first, *told)


BULLETINS: tuple[Callable[[Figures, date], Made], ...] = (
    weather,
    gold,
    pork,
    pepper,
    television,
    television_by_line,
    power_cuts,
    tides,
)
"""The forms of the series that go on all the time, one on each of the first sites."""


class Series:
    """One site's bulletins of one form, day after day."""

    def __init__(self, site: int, form: Callable[[Figures, date], Made], seed: int) -> None:
        self.site, self._form, self._figures = site, form, Figures(seed)

    def bulletin(self, day: date) -> Made:
        """The bulletin of a day; to be asked for one day after the other."""
        return self._form(self._figures, day)
