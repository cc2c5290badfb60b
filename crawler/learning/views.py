"""Pages as learning sees them: the blocks that hold words, and which of them recur from page to page."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lxml import etree

from crawler.extraction.page import Page
from crawler.extraction.select import Node, words
from crawler.extraction.simplify import BLOCK_TAGS, SKIPPED_TAGS
from crawler.extraction.text import folded, squash
from crawler.learning.specimen import Specimen


@dataclass(frozen=True, eq=False)
class Leaf:
    """A block that holds words and no other block with words, its words, and the letters of them that are linked.

    `letters` are the words folded (letters and digits, case folded).
    """

    node: Node
    text: str
    letters: str
    linked: int

    @property
    def link_share(self) -> float:
        """Share of the letters that stand in links, 0 to 1."""
        return self.linked / len(self.letters) if self.letters else 0.0


class View:
    """One specimen's page, parsed once; its tree is not to be changed."""

    def __init__(self, specimen: Specimen) -> None:
        page = specimen.page
        self.specimen = specimen
        # A reading takes nodes out of a page's tree, so this is a page of its own.
        self.page = Page(page.url, page.body, page.content_type)

    @property
    def tree(self) -> Node:
        """The parsed page."""
        return self.page.tree

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """The page's blocks with words, in their order; scripts, styles and the head are none."""
        return tuple(leaves_of(self.tree))

    @cached_property
    def order(self) -> dict[Node, int]:
        """The place of every element in the page, from 0."""
        return {node: number for number, node in enumerate(self.tree.iter(etree.Element))}


def leaves_of(tree: Node) -> Iterator[Leaf]:
    """The blocks below `tree` that hold words beside those of blocks within them, in their order.

    A block with words of its own between blocks counts with those words alone.
    """
    for node in tree.iter(etree.Element):
        if node.tag in SKIPPED_TAGS or (node.tag not in BLOCK_TAGS and node is not tree) or _is_skipped(node, tree):
            continue
        parts, linked = _own_words(node)
        text = squash(" ".join(parts))
        letters = folded(text)
        if letters:
            yield Leaf(node, text, letters, len(folded(" ".join(linked))))


def _is_skipped(node: Node, tree: Node) -> bool:
    for above in node.iterancestors():
        if above.tag in SKIPPED_TAGS:
            return True
        if above is tree:
            break
    return False


def _own_words(block: Node) -> tuple[list[str], list[str]]:
    """The words of a block that stand in no block within it, and those of them that are linked."""
    parts: list[str] = [block.text or ""]
    linked: list[str] = []
    stack: list[tuple[Any, bool]] = [(child, False) for child in reversed(block)]
    while stack:
        node, is_linked = stack.pop()
        if not isinstance(node.tag, str):
            pass
        elif node.tag == "\0tail":
            pass
        elif node.tag not in BLOCK_TAGS and node.tag not in SKIPPED_TAGS:
            is_inner = is_linked or node.tag == "a"
            text = words(node) if not _has_block(node) else node.text or ""
            parts.append(text)
            if is_inner:
                linked.append(text)
            if _has_block(node):
                stack.extend((child, is_inner) for child in reversed(node))
        if node.tail:
            parts.append(node.tail)
    return parts, linked


def _has_block(node: Node) -> bool:
    return any(below.tag in BLOCK_TAGS for below in node.iterdescendants(etree.Element))


@dataclass(frozen=True)
class Recurring:
    """In how many of some pages each block's letters stand."""

    pages: int
    times: Counter[str] = field(default_factory=Counter)

    def share(self, leaf: Leaf) -> float:
        """The share of the pages that have a block of the same letters, 0 to 1."""
        return self.times[leaf.letters] / self.pages if self.pages else 0.0


def recurring(views: Sequence[View]) -> Recurring:
    """Count in how many of `views` each block stands."""
    times: Counter[str] = Counter()
    for view in views:
        times.update({leaf.letters for leaf in view.leaves})
    return Recurring(len(views), times)
