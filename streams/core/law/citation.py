"""Cites places in the law in its own words: статья, часть, пункт, подпункт."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from streams.core.records.findings import Article

_WORDS: Final = (("ст.", "article"), ("ч.", "part"), ("п.", "point"), ("пп.", "subpoint"))


def place(article: Article) -> str:
    """Name a place, such as ``КоАП РК № 235-V ст. 328 ч. 1``."""
    named = [f"{word} {value}" for word, name in _WORDS if (value := getattr(article, name))]
    return " ".join([article.act, *named])


def citation(articles: Iterable[Article]) -> str:
    """Name several places, in their order."""
    return "; ".join(place(each) for each in articles)
