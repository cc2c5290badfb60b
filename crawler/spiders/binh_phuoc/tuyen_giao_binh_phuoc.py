"""Tuyên giáo Bình Phước."""

from datetime import date

from crawler.families.wordpress import WordPressSpider


class TuyenGiaoBinhPhuoc(WordPressSpider):
    """The propaganda department of the party committee of Bình Phước.

    Evidence: an article text of March 2021 whose typography is WordPress's; host, API and section
    paths are inferred from the system's defaults. Not seen live by this project. Bình Phước joined
    Đồng Nai on 2025-07-01, so the site may be gone.
    """

    name = "tuyen_giao_binh_phuoc"
    title = "Tuyên giáo Bình Phước"
    province = "binh-phuoc"
    hosts = ("tuyengiaobinhphuoc.vn",)
    names = ("Ban Tuyên giáo và Dân vận Tỉnh ủy Bình Phước",)
    sections = {
        "Tuyên truyền": "/category/tuyen-truyen/",
        "Kinh tế – Xã hội": "/category/kinh-te-xa-hoi/",
        "Khoa giáo": "/category/khoa-giao/",
        "Văn hóa – Văn nghệ": "/category/van-hoa-van-nghe/",
    }
    oldest = date(2012, 1, 1)
