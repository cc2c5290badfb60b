"""pywb, the tool that archives show their pages with, replays our files as they are."""

import gzip
import http.client
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from archive.captures import CaptureWriter, Held, Sent
from archive.warc import Asked
from tests.archive.helpers import START, HandClock

PYWB = Path(sys.prefix) / "pywb" / "bin"
"""pywb's own environment: `make .venv/pywb/.installed` makes it."""

URL = "https://baoquangninh.com.vn/chinh-tri/bai-1/?trang=2"
PAGE = "<html><body>" + "".join(f"<p>Tin trong tỉnh, số {n * n % 977}.</p>" for n in range(900)) + "</body></html>"
CONFIG = """
collections:
  news:
    index_paths: ./index.cdxj
    archive_paths: ./captures/
"""

# What `wayback` does, but that it takes a free port and says which.
SERVER = """
from gevent.monkey import patch_all
patch_all()
from pywb.apps.frontendapp import FrontEndApp
from pywb.utils.geventserver import GeventServer, RequestURIWSGIHandler
server = GeventServer(FrontEndApp(), hostname="127.0.0.1", handler_class=RequestURIWSGIHandler)
print(server.port, flush=True)
server.join()
"""


@pytest.fixture
def replay(tmp_path: Path, clock: HandClock) -> Iterator[http.client.HTTPConnection]:
    """A connection to pywb with a page that was fetched twice, unchanged, and one that is gone."""
    assert (PYWB / "wayback").exists(), f"{PYWB} has no pywb: make .venv/pywb/.installed makes it, as make test does"
    body = gzip.compress(PAGE.encode())
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Encoding", "gzip"), ("X-Visit", "first")]
    asked = Asked("GET", [("User-Agent", "baotinh")])
    with CaptureWriter(tmp_path / "captures", "bao_quang_ninh", clock, lambda file: 0) as writer:
        [first] = writer.append_all([Sent(URL, 200, headers, body, START, asked)])
        headers = [*headers[:2], ("X-Visit", "second")]
        later = START + timedelta(days=3)
        [second] = writer.append_all([Sent(URL, 200, headers, body, later, asked, earlier=Held(1, first))])
        writer.append_all([Sent(f"{URL}0", 404, [], b"<p>gone</p>", START, asked)])
    assert second.refers_to_id == 1
    index = [str(PYWB / "cdx-indexer"), "-j", "-s", "-r", "-d", "captures", "-o", "index.cdxj", "captures"]
    subprocess.run(index, cwd=tmp_path, check=True)
    (tmp_path / "config.yaml").write_text(CONFIG)
    with subprocess.Popen(
        [str(PYWB / "python"), "-c", SERVER], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline()
            assert port, f"pywb did not start (exit code {server.wait(30)})"
            yield http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
        finally:
            server.kill()


def test_pywb_replays_responses_and_revisits(replay: http.client.HTTPConnection) -> None:
    for day, visit in (("20220105050000", "first"), ("20220108050000", "second")):
        replay.request("GET", f"/news/{day}id_/{URL}")
        answer = replay.getresponse()
        assert (answer.status, answer.headers["X-Visit"]) == (200, visit)
        assert answer.headers["Memento-Datetime"].endswith("Jan 2022 05:00:00 GMT")
        assert answer.read().decode() == PAGE
    replay.request("GET", f"/news/20220108050000id_/{URL}0")
    answer = replay.getresponse()
    assert (answer.status, answer.read()) == (404, b"<p>gone</p>")
