"""Cổng thông tin điện tử thị xã Hồng Lĩnh."""

from datetime import date

from crawler.families.tandan import TandanSpider


class HongLinh(TandanSpider):
    """The portal of Hồng Lĩnh, a town of Hà Tĩnh until districts were dissolved on 2025-07-01.

    Evidence: one article address of January 2023 kept by a public web archive; class names from sister
    portals. Section paths are inferred. Not seen live by this project; the host may be gone.
    """

    name = "hong_linh"
    title = "Cổng thông tin điện tử thị xã Hồng Lĩnh"
    province = "ha-tinh"
    hosts = ("honglinh.hatinh.gov.vn",)
    names = ("Cổng TTĐT thị xã Hồng Lĩnh, tỉnh Hà Tĩnh", "Cổng TTĐT Hồng Lĩnh", "UBND thị xã Hồng Lĩnh")
    sections = {
        "Xây dựng Đảng": "/portal/Pages/Xay-dung-Dang.aspx",
        "Kinh tế - Đô thị": "/portal/Pages/Kinh-te-Do-thi.aspx",
        "Văn hóa - Xã hội": "/portal/Pages/Van-hoa-Xa-hoi.aspx",
        "Thông báo": "/portal/Pages/Thong-bao.aspx",
    }
    oldest = date(2012, 1, 1)
