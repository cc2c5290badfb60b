"""Extraction with a layout against trafilatura on the whole page: pages a second of one core."""

import time
from collections.abc import Sequence
from functools import partial

from trafilatura import bare_extraction

from crawler.extraction.read import read
from tests.bench.measure import Row, in_turn, row
from tests.bench.pages import FETCHED, Reader, Sample, mean_size

ROUNDS = 5
SECONDS = 1.0
"""How long one side of one round takes at least, in seconds of CPU time."""


def ours(sample: Sample) -> object:
    """What a crawl does with the bytes: decode, parse, read every field, clean, judge."""
    return read(sample.page(), sample.facts, FETCHED)


def trafilatura_text(sample: Sample) -> object:
    """Trafilatura with its defaults: the text alone, no title, date or author."""
    return bare_extraction(sample.body, url=sample.url)


def trafilatura_all(sample: Sample) -> object:
    """Trafilatura with metadata, which is what `read` gives too."""
    return bare_extraction(sample.body, url=sample.url, with_metadata=True)


def measure(name: str, pages: Sequence[Sample], goal: float) -> list[Row]:
    """Both references on `pages`; the goal is held against the one that does less."""
    what = f"{name} ({len(pages)} pages, {mean_size(pages):.0f} KB)"
    for reader in (ours, trafilatura_text, trafilatura_all):
        one_pass(pages, reader)
    rows = []
    for reference, said, wanted in ((trafilatura_text, "text only", goal), (trafilatura_all, "with metadata", None)):
        pairs = list(in_turn(ROUNDS, partial(rate, pages, ours), partial(rate, pages, reference)))
        rows.append(row(f"{what}, trafilatura {said}", "pages/s", pairs, wanted))
    return rows


def rate(pages: Sequence[Sample], reader: Reader) -> float:
    """Pages a second of CPU time that `reader` reads."""
    began, passes = time.process_time(), 0
    while (spent := time.process_time() - began) < SECONDS or not passes:
        one_pass(pages, reader)
        passes += 1
    return passes * len(pages) / spent


def one_pass(pages: Sequence[Sample], reader: Reader) -> None:
    """Read every page once."""
    for sample in pages:
        reader(sample)
