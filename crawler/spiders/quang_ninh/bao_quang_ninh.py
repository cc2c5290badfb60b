"""Báo Quảng Ninh."""

from datetime import date

from crawler.families.dataimages import DataimagesSpider


class BaoQuangNinh(DataimagesSpider):
    """Báo Quảng Ninh, the newspaper of Quảng Ninh province, as its site was in 2020.

    Evidence: two article pages of November 2020 kept by public web archives (URL shape, "[GMT+7]" line,
    lone dots), the site's XPaths of 2019. Listing routes are inferred from the family. Not seen live
    by this project; the paper has since moved to baoquangninh.vn and another layout.
    """

    name = "bao_quang_ninh"
    title = "Báo Quảng Ninh"
    province = "quang-ninh"
    hosts = ("baoquangninh.com.vn",)
    names = ("Trung tâm Truyền thông tỉnh Quảng Ninh",)
    sections = {
        "Chính trị": "/chinh-tri/",
        "Kinh tế": "/kinh-te/",
        "Xã hội": "/xa-hoi/",
        "Thể thao": "/the-thao/",
    }
    oldest = date(2009, 1, 1)
