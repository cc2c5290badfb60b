"""`make demo`: the unmodified program on the sample web, from an empty folder to a corpus.

The program is given nothing but a proxy and its certificate authority, as on any machine behind one.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from archive.content import syllables
from tests.sample_web.harness import SampleWeb

FOLDER = Path("demo")
BAOTINH = Path(sys.executable).with_name("baotinh")


def main() -> None:
    """Crawl, export, and end with what came out and where it lies."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    began = time.monotonic()
    with SampleWeb(FOLDER / "web") as web:
        environment = {**os.environ, **web.environment(), "BAOTINH_DATA": str(FOLDER / "data")}

        def run(*arguments: str) -> None:
            print(f"\n$ baotinh {' '.join(arguments)}", flush=True)
            subprocess.run([BAOTINH, *arguments], env=environment, check=True)

        run("db", "upgrade")
        # Loopback needs no pauses; a real site gets them.
        run("crawl", "--all", "-s", "DOWNLOAD_DELAY=0")
        run("export", str(FOLDER / "corpus"), "--format", "txt")
        run("export", str(FOLDER / "corpus"), "--format", "jsonl")
    show(time.monotonic() - began)


def show(seconds: float) -> None:
    """Print the table of the corpus and the paths to look at."""
    sites: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with (FOLDER / "corpus" / "articles.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            article = json.loads(line)
            sites[article["site"]].append(article)
    table = Table("site", "articles", "texts", "words", "from", "to", title="\nWhat came out")
    for site, articles in sorted(sites.items()):
        days = sorted(article["published"][:10] for article in articles if article["published"])
        texts = {article["text_id"]: syllables(article["text"]) for article in articles if article["text_id"]}
        numbers = f"{len(articles)}", f"{len(texts)}", f"{sum(texts.values()):,}"
        table.add_row(site, *numbers, days[0] if days else "-", days[-1] if days else "-")
    console = Console()
    console.print(table)
    print(f"{seconds:.0f} seconds, from nothing\n")
    example = min((FOLDER / "corpus").glob("bao_quang_ninh/*/*/*.txt"))
    for what, path in (
        ("one text", example),
        ("a row for each text", FOLDER / "corpus" / "metadata.csv"),
        ("a row for each place it was published", FOLDER / "corpus" / "sources.csv"),
        ("a line for each article", FOLDER / "corpus" / "articles.jsonl"),
        ("the pages as they were sent", min((FOLDER / "data" / "captures").glob("*/*.warc.gz"))),
        ("the archive", FOLDER / "data" / "baotinh.sqlite3"),
    ):
        print(f"{what + ':':40}{path}")
    print("\nlook on:  BAOTINH_DATA=demo/data .venv/bin/baotinh status")


if __name__ == "__main__":
    main()
