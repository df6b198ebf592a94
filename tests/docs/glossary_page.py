"""Writes the glossary from its table, docs/reference/glossary.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import yaml

from tests.docs.markdown import code, page, table

TABLE: Final = Path(__file__).parents[2] / "docs" / "reference" / "glossary.yaml"


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word of the specification, what the field calls it, what it means, where it is made."""

    word: str
    meaning: str
    field: str = ""
    where: str = ""


def terms() -> dict[str, list[Term]]:
    """The terms by the heading under which they stand."""
    return msgspec.convert(yaml.safe_load(TABLE.read_text("utf-8")), dict[str, list[Term]])


def glossary_page() -> str:
    """Show each word beside the field's, by heading."""
    parts = [
        "The words of the specification, and what Kafka Streams, Flink, Faust or arroyo call the "
        "same thing. The code uses these words."
    ]
    for heading, found in terms().items():
        rows = [(each.word, each.field, each.meaning, code(each.where)) for each in found]
        parts += [f"## {heading}", table(("word", "in the field", "meaning", "where"), rows)]
    return page("Glossary", *parts)
