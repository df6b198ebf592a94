"""Lets tables be read on a phone: each cell says the head of its column, so rows can be cards.

A style that shows rows as cards takes the meaning of a table from its elements in some browsers;
the roles written here keep it.
"""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup

_TAG: Final = re.compile(r"<(/?)(table|thead|tbody|tr|th|td)\b([^>]*)>")
_INSIDE: Final = re.compile(r"<[^>]*>")
_ROLES: Final = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row"}


def with_labels(html: str) -> Markup:
    """Add to every cell the head of its column; tables with a class of their own stay.

    Takes HTML as the templates write it: values are escaped, tables are not nested, and no cell
    spans columns.
    """
    written: list[str] = []
    heads: list[str] = []
    end = column = 0
    ours = in_head = False
    begun: int | None = None
    for found in _TAG.finditer(html):
        closing, name, attributes = found.groups()
        written.append(html[end : found.start()])
        end = found.end()
        if name == "table":
            ours = not closing and not attributes
            heads = [] if ours else heads
        if not ours or (closing and name != "thead" and begun is None):
            written.append(found[0])
            continue
        if name == "thead":
            in_head = not closing
        if closing:
            if begun is not None and name == "th":
                heads.append(" ".join(_INSIDE.sub(" ", html[begun : found.start()]).split()))
                begun = None
            written.append(found[0])
            continue
        if name == "tr":
            column = 0
        elif name in ("th", "td"):
            if in_head:
                begun = found.end()
                attributes += ' role="columnheader"'
            elif name == "th":
                attributes += ' role="rowheader"'
            else:
                head = heads[column] if column < len(heads) else ""
                label = head.replace('"', "&#34;")
                attributes += f' role="cell" data-label="{label}"'
            column += 1
        if name in _ROLES:
            attributes += f' role="{_ROLES[name]}"'
        if name == "table":
            attributes += ' class="cards"'
        written.append(f"<{name}{attributes}>")
    written.append(html[end:])
    return Markup("".join(written))  # noqa: S704 (what was escaped stays so)
