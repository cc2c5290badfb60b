"""Ban Tuyên giáo Tỉnh ủy Hà Nam."""

from datetime import date

from crawler.families.vnpt_portal import VnptPortalSpider


class TuyenGiaoHaNam(VnptPortalSpider):
    """The propaganda department of the party committee of Hà Nam.

    Evidence: an article page of December 2020 (title, view counter, visitor statistics) that fits this
    family; host and section paths are inferred. Not seen live by this project. Hà Nam joined Ninh Bình
    on 2025-07-01, so the site may be gone.
    """

    name = "tuyen_giao_ha_nam"
    title = "Ban Tuyên giáo Tỉnh ủy Hà Nam"
    province = "ha-nam"
    hosts = ("tuyengiao.hanam.gov.vn",)
    names = ("Ban Tuyên giáo và Dân vận Tỉnh ủy Hà Nam",)
    sections = {
        "Tin hoạt động": "/tin-hoat-dong",
        "Học tập và làm theo Bác": "/hoc-tap-va-lam-theo-bac",
        "Văn hóa - Xã hội": "/van-hoa-xa-hoi",
        "Kinh tế": "/kinh-te",
    }
    oldest = date(2010, 1, 1)
