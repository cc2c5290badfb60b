"""Báo Thái Nguyên."""

import re
from datetime import date

from scrapy.http import Request

from crawler.discovery.listing import ListingLayout
from crawler.extraction.layout import Layout
from crawler.families.base import SiteSpider


class BaoThaiNguyen(SiteSpider):
    """Báo Thái Nguyên, the newspaper of Thái Nguyên province, on a system of its own.

    Evidence: an article page of November 2021, the site's XPaths of 2019 (span.date_up, div.Summary,
    div.news_detail), listing classes of 2013 (div.title_detail, ul.page_view). The sitemap and the
    table layout before July 2020 are inferred. Not seen live by this project; since 2023 the paper
    writes ``/<section>/<YYYYMM>/<slug>-<7 hex>/``.
    """

    name = "bao_thai_nguyen"
    title = "Báo Thái Nguyên"
    province = "thai-nguyen"
    hosts = ("baothainguyen.vn",)
    names = ("Báo và Phát thanh, Truyền hình Thái Nguyên",)
    sections = {
        "Chính trị": "/chuyen-muc/chinh-tri_97.html",
        "Kinh tế": "/chuyen-muc/kinh-te_108.html",
        "Xã hội": "/chuyen-muc/xa-hoi_85.html",
        "Pháp luật": "/chuyen-muc/phap-luat_101.html",
        "Thể thao": "/chuyen-muc/the-thao_83.html",
    }
    oldest = date(2008, 1, 1)
    family = "own"
    ways = ("sitemap", "listing")
    article_path = re.compile(r"/tin-tuc/[^/]+/[^/]+-(?P<key>\d+)-\d+\.html")
    listings = (ListingLayout(item=".title_detail a, a.title2"),)
    layouts = (
        Layout(
            name="date_up",
            title=".news_title, .news_page h1, h1",
            lead=".Summary",
            date=".date_up",
            body=".news_detail",
            byline=".Author",
            section=".path a",
            captions=".JustifyImage",
            drop=".tool_bottom, .search_bottom, .other_news",
        ),
        Layout(
            name="tables",
            title="td.TitleDetail",
            lead=".Lead",
            date="td.DateDetail",
            body="td.ContentDetail",
            section=".pathway a",
            captions=".JustifyImage",
            until=date(2020, 6, 30),
        ),
    )

    def listing_request(self, path: str, number: int) -> Request:
        """``?Page=N`` from the second page on."""
        return Request(self.site_url(path if number == 1 else f"{path}?Page={number}"))
