"""Scrapy's settings for every crawl. What its defaults leave open is set here, with the reason."""

from importlib.metadata import version

from archive.decoding import BODY_LIMIT
from archive.settings import Settings

_contact = Settings.from_environment().contact

BOT_NAME = "baotinh"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"
SPIDER_LOADER_CLASS = "crawler.sites.Spiders"

# Who we are and how to reach us: the first thing an administrator looks for.
USER_AGENT = f"baotinh/{version('baotinh')} (archive of provincial news{f'; {_contact}' if _contact else ''})"
ROBOTSTXT_OBEY = True
ROBOTSTXT_USER_AGENT = "baotinh"

# Gentle: one connection a host, the delay only ever longer. See SiteSpider.update_settings.
DOWNLOAD_DELAY = 1.5
CONCURRENT_REQUESTS_PER_DOMAIN = 1
# It sets delays by how fast a server answers, whatever robots.txt asks for.
AUTOTHROTTLE_ENABLED = False
# One of them is at the server; the others wait for their turn, or are on their way into the archive, which writes
# together what comes together: a crawl of 600 pages without delay was a tenth slower with 8 (medians of four).
CONCURRENT_REQUESTS = 16
# A page gives one item at most, and Scrapy makes so many tasks for each page, whatever it gives: with the default
# of 100 a crawl of 600 pages took 7 % longer (median of three).
CONCURRENT_ITEMS = 1
# Scrapy would read and parse the callback's source text for every page: its cache forgets bound methods.
WARN_ON_GENERATOR_RETURN_VALUE = False
RETRY_TIMES = 3
# PauseMiddleware answers 429 and 503: asked again at once, a site that turns us away would do so the more.
RETRY_HTTP_CODES = [408, 500, 502, 504, 522, 524]
# What the download handler raises; OSError is of an empty body in decompression.
RETRY_EXCEPTIONS = ["crawler.faults.PassingFault", OSError]
REDIRECT_MAX_TIMES = 5
# A page that loads itself or another one after a minute is there to be read; one that does at once is a redirect.
METAREFRESH_MAXDELAY = 5
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "vi,en;q=0.5",
}

# A Set-Cookie makes Scrapy ask outside hosts for a suffix list, in the reactor; and portals keep
# themes and languages in cookies.
COOKIES_ENABLED = False

# Scrapy's waits for whatever is under way, a slow server's answer among it; this one can drop it.
DOWNLOADER = "crawler.stopping.Downloader"

# The defaults open ports through which anybody on the machine could run code.
REMOTE_CONTROL_ENABLED = False
TELNETCONSOLE_ENABLED = False

# SiteHostsMiddleware refuses what is too long, after redirects too, and says so; Scrapy drops it in silence.
URLLENGTH_LIMIT = 0

# The guards stand in these; `SiteSpider.update_settings` holds them against any override.
DOWNLOAD_HANDLERS = {
    # Addresses, certificates, headers, pauses; Scrapy's own handler stands below it.
    "http": "crawler.downloader.SiteDownloadHandler",
    "https": "crawler.downloader.SiteDownloadHandler",
    "file": None,
    "ftp": None,
    "s3": None,
    "data": None,
}
DOWNLOAD_VERIFY_CERTIFICATES = True
DOWNLOAD_TIMEOUT = 30
# The default of 1 GiB let a 300 KB gzip bomb take 678 MB of memory; with 10 MB it took 88.
DOWNLOAD_MAXSIZE = BODY_LIMIT
DOWNLOAD_WARNSIZE = 5 * 1024 * 1024
DOWNLOAD_FAIL_ON_DATALOSS = True
# A crawl takes about 130 MB; what needs four times that is a fault or an attack.
MEMUSAGE_LIMIT_MB = 500
# The default of a minute would let it take much more in between.
MEMUSAGE_CHECK_INTERVAL_SECONDS = 5.0
# An article's further pages follow one another; MAX_FURTHER_PAGES bounds them, nothing else is followed.
DEPTH_LIMIT = 25

DOWNLOADER_MIDDLEWARES = {
    # Before robots.txt (100): a foreign host is not even asked for its rules.
    "crawler.middlewares.SiteHostsMiddleware": 50,
    "crawler.excluding.ExcludedMiddleware": 60,
    "crawler.robots.RobotsMiddleware": 100,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    # Before retries (550).
    "crawler.pauses.PauseMiddleware": 560,
    "crawler.redirects.SiteRefreshes": 580,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "crawler.redirects.SiteRedirects": 600,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    # Before decompression (590) sees the body, after it is kept.
    "crawler.middlewares.WholeBodyMiddleware": 900,
    "crawler.conditional.ConditionalMiddleware": 920,
    # After (that is, nearer to the network than) decompression (590).
    "crawler.middlewares.CaptureMiddleware": 950,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
}
ITEM_PIPELINES = {"crawler.pipelines.StorePipeline": 500}
EXTENSIONS = {
    "crawler.extensions.RunLog": 0,
    "crawler.extensions.Stopping": 5,
    "crawler.extensions.CrawlDelay": 10,
    "crawler.extensions.OwnMemory": 0,
    "scrapy.extensions.memusage.MemoryUsage": None,
}
LOG_LEVEL = "INFO"
LOGSTATS_INTERVAL = 60.0
LOG_FORMATTER = "crawler.extensions.QuietItems"
