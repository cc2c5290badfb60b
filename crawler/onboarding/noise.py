"""Lines of articles that may be none of theirs: suspicions, for a person to judge.

The rules are those of reading and of text groups, asked of what got through: no second opinion of what furniture is.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from archive.article import Article, Block, BlockKind
from archive.fingerprint import paragraphs
from archive.paragraphs import RECURS_SHARE
from crawler.declaration import SiteDeclaration
from crawler.extraction.cleaning import Surroundings, clean
from crawler.extraction.page import Page
from crawler.extraction.prose import headline_letters
from crawler.extraction.read import HEADLINE_LETTERS
from crawler.extraction.simplify import Draft, Run

SUSPECTED_IN = 3
"""Texts that share a line from which it is suspected: by three texts, and 2 % of a site's, furniture was told on 1,457
texts of 17 real portals (see `archive.paragraphs`, where more are asked for since nobody looks)."""


class NoiseKind(StrEnum):
    """Why a line is suspected."""

    RECURS = "recurs"
    LINK = "links to another article"
    TOOL = "counter or tool line"


@dataclass(frozen=True, slots=True)
class Noise:
    """A suspected line, why, and the addresses of the articles it stands in."""

    kind: NoiseKind
    line: str
    addresses: tuple[str, ...]


def suspected(articles: Sequence[tuple[Article, Page]], site: type[SiteDeclaration]) -> list[Noise]:
    """The lines of some articles of a site that may be furniture; each article comes with its page."""
    found: dict[tuple[NoiseKind, str], list[str]] = defaultdict(list)
    for article, page in articles:
        headlines = _headlines(article, page, site)
        for block in article.blocks:
            if block.kind is not BlockKind.CAPTION and headline_letters(block.text) in headlines:
                found[NoiseKind.LINK, block.text].append(article.url)
            elif is_tool(block, article):
                found[NoiseKind.TOOL, block.text].append(article.url)
    out = [Noise(kind, line, tuple(dict.fromkeys(urls))) for (kind, line), urls in found.items()]
    told = {one.line for one in out}
    return [*(one for one in _recurring([article for article, _ in articles]) if one.line not in told), *out]


def is_tool(block: Block, article: Article) -> bool:
    """Whether a block would be cleaned away if it stood alone: a counter, stars, empty labels, the title again.

    A line that ends in a colon announces what follows it within a text, so nothing is said of one.
    """
    if block.kind in (BlockKind.CAPTION, BlockKind.LEAD) or block.text.endswith(":"):
        return False
    around = Surroundings(
        title=article.title,
        lead=article.lead or "",
        published=article.published.instant if article.published else None,
        other_article=lambda href: False,
    )
    return not clean([Draft(block.kind, block.text, (Run(block.text),))], around)


def _headlines(article: Article, page: Page, site: type[SiteDeclaration]) -> set[str]:
    """The letters of the page's links to other articles of the site."""
    out = set()
    for link in page.tree.iter("a"):
        letters = headline_letters("".join(link.itertext()))
        if len(letters) >= HEADLINE_LETTERS and link.get("href"):
            key = site.article_key(page.link(link.get("href")))
            # A page may name another key than its address does; links to itself bear the latter.
            if key is not None and key not in (article.key, site.article_key(page.url)):
                out.add(letters)
    return out


def _recurring(articles: Sequence[Article]) -> Iterator[Noise]:
    """Lines of several stories that are neither captions nor head a passage or a table."""
    # Two printings of one text share every line.
    texts = list({article.text: article for article in articles if article.text}.values())
    lines = [{one.hash: one.text for one in paragraphs(_standing_alone(article.blocks))} for article in texts]
    holders: dict[int, list[int]] = defaultdict(list)
    for number, said in enumerate(lines):
        for line in said:
            holders[line].append(number)
    least = max(SUSPECTED_IN, -(-len(texts) // RECURS_SHARE))
    for line, numbers in holders.items():
        if len(numbers) >= least and len(_stories(numbers, lines)) >= least:
            yield Noise(NoiseKind.RECURS, lines[numbers[0]][line], tuple(texts[number].url for number in numbers))


def _standing_alone(blocks: Sequence[Block]) -> str:
    """The lines of a text but those that may recur by their place: captions, and what heads a passage or a table.

    "Kết quả bước đầu" over a paragraph and "Đơn vị | Số hộ" over rows stand in any number of articles.
    """
    kinds = [None, *(block.kind for block in blocks), None]
    out = []
    for block, above, below in zip(blocks, kinds, kinds[2:], strict=False):
        heads_passage = block.kind is BlockKind.HEADING and below is BlockKind.PARAGRAPH
        heads_table = block.kind is BlockKind.ROW and below is BlockKind.ROW and above is not BlockKind.ROW
        if block.kind is not BlockKind.CAPTION and not heads_passage and not heads_table:
            out.append(block.text)
    return "\n\n".join(out)


def _stories(numbers: Sequence[int], lines: Sequence[Mapping[int, str]]) -> list[int]:
    """Of some texts one for each story: those that share half of the shorter's letters are printings of one."""
    out: list[int] = []
    for number in numbers:
        mine = lines[number]
        for other in out:
            shared = sum(len(mine[line]) for line in mine.keys() & lines[other].keys())
            if 2 * shared >= min(sum(map(len, one.values())) for one in (mine, lines[other])):
                break
        else:
            out.append(number)
    return out
