"""What a dossier says, before it is laid out: sections of paragraphs, facts, tables, a chart.

Texts are plain: each renderer escapes them. The same document gives the same bytes.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Paragraph(msgspec.Struct, frozen=True, tag="paragraph"):
    """A paragraph; a ``note`` is small, a ``key`` sentence is set off."""

    text: str
    style: Literal["plain", "note", "key"] = "plain"


class Facts(msgspec.Struct, frozen=True, tag="facts"):
    """Names with what they are."""

    rows: tuple[tuple[str, str], ...]


class Table(msgspec.Struct, frozen=True, tag="table"):
    """A table; ``numeric`` tells of each column whether its cells stand to the right.

    ``weights`` are the relative widths of the columns, 0: as wide as its cells. ``total``: the last
    row is the sum of the others.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    weights: tuple[int, ...]
    total: bool = False


class Figure(msgspec.Struct, frozen=True, tag="figure"):
    """A drawing (SVG without anything outside of it) and what it shows."""

    svg: str
    caption: str


class Steps(msgspec.Struct, frozen=True, tag="steps"):
    """A numbered list."""

    items: tuple[str, ...]


class Code(msgspec.Struct, frozen=True, tag="code"):
    """Commands or values in letters of one width."""

    text: str


class Signature(msgspec.Struct, frozen=True, tag="signature"):
    """Lines that a person fills in."""

    labels: tuple[str, ...]


Block = Paragraph | Facts | Table | Figure | Steps | Code | Signature


class Section(msgspec.Struct, frozen=True):
    """A section; an ``annex`` begins on a new page."""

    heading: str
    blocks: tuple[Block, ...]
    annex: bool = False


class Document(msgspec.Struct, frozen=True):
    """A dossier: ``running`` stands at the top of every page, ``foot`` below, ``made_at`` in ms.

    ``page_of`` is the wording of the number of a page, with ``{page}`` and ``{pages}`` in it.
    ``qr`` is an SVG, ``qr_text`` what it says.
    """

    language: str
    title: str
    subtitle: str
    running: str
    foot: str
    page_of: str
    made_at: int
    qr: str
    qr_text: str
    sections: tuple[Section, ...]
