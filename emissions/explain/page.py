"""Writes an explanation as one HTML page: no scripts, nothing loaded, good on paper.

Every node has its address as its id, so that a link leads to it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from typing import Final

from emissions.explain.chart import STYLE as CHART_STYLE
from emissions.explain.chart import svg_of
from streams.core.explanation.explain import Explanation
from streams.core.explanation.node import Node, Value
from streams.core.explanation.words import LANGUAGES, Words, number_text

_STYLE: Final = (
    """
:root{color-scheme:light dark;--ink:#1b1b1b;--paper:#fff;--rule:#d5d5d5;--line:#0b5cad;
--limit:#b00020;--mark:#fff1c2;--shade:#777;--good:#11692a;--bad:#b00020;--soft:#f4f4f4}
@media (prefers-color-scheme:dark){:root{--ink:#ececec;--paper:#161616;--rule:#3c3c3c;
--line:#7db8ff;--limit:#ff8a80;--mark:#332c12;--shade:#9a9a9a;--good:#7fd694;--bad:#ff8a80;
--soft:#222}}
body{margin:0 auto;padding:1.5rem;max-width:62rem;font:16px/1.5 system-ui,sans-serif;
color:var(--ink);background:var(--paper)}
h1{font-size:1.5rem;line-height:1.25;margin:.2rem 0}h2{font-size:1.15rem;margin:1.6rem 0 .4rem}
p{margin:.3rem 0}.id{font-family:ui-monospace,monospace;font-size:.85rem;overflow-wrap:anywhere}
.verdict{border-left:.4rem solid var(--good);padding:.4rem .8rem;background:var(--soft)}
.verdict.bad{border-color:var(--bad)}
figure{margin:1rem 0;overflow-x:auto}svg.chart{width:100%;min-width:40rem;height:auto;display:block}
ul.tree{list-style:none;padding-left:0;margin:.2rem 0}ul.tree ul.tree{padding-left:1.1rem;
border-left:1px solid var(--rule)}li{margin:.25rem 0;overflow-wrap:anywhere}
b{font-weight:600}.code{font-family:ui-monospace,monospace;font-size:.85em;border:1px solid
var(--rule);border-radius:.25rem;padding:0 .3rem}.law{font-size:.85em;color:var(--shade)}
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums;margin:.4rem 0}
th,td{border-bottom:1px solid var(--rule);padding:.15rem .6rem .15rem 0;text-align:left;
vertical-align:top}td.n{text-align:right}td:first-child,td.n{white-space:nowrap}.wide{overflow-x:auto}
details>summary{cursor:pointer}tr.out td{color:var(--bad)}
@media print{body{max-width:none;padding:0;font-size:11pt}details>summary{list-style:none}
.verdict{background:none}tr,li{break-inside:avoid}figure{break-inside:avoid}}
"""
    + CHART_STYLE
)
_NAMES: Final = {"en": "English", "ru": "Русский", "kk": "Қазақша"}
_COLUMNS: Final = {
    "en": ("time", "measured", "conversion", "value", "what became of it"),
    "ru": ("время", "измерено", "пересчёт", "значение", "что с ним стало"),
    "kk": ("уақыт", "өлшенген", "келтіру", "мәні", "не болды"),
}


def page_of(explanation: Explanation) -> str:
    """Write the page; the same explanation gives the same bytes."""
    return "\n".join(_Page(explanation).lines()) + "\n"


class _Page:
    def __init__(self, explanation: Explanation) -> None:
        self._explanation = explanation
        self._nodes = explanation.nodes
        self._words = Words(explanation.language, explanation.zone)

    def lines(self) -> Iterator[str]:
        explanation, words = self._explanation, self._words
        root = self._nodes[explanation.root]
        digest = b64encode(sha256(_STYLE.encode()).digest()).decode()
        policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'"
        title = escape(f"{explanation.title} · {explanation.id}")
        yield f'<!DOCTYPE html>\n<html lang="{explanation.language}">\n<head>'
        yield '<meta charset="utf-8">'
        yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>"
        yield f'<h1 id="{escape(explanation.root)}">{escape(explanation.title)}</h1>'
        yield f"<p>{escape(root.text)}</p>"
        yield f'<p class="id">{escape(explanation.id)}</p>'
        yield from self._verdict()
        yield f"<h2>{escape(words('key_factors'))}</h2>"
        yield from self._factors(explanation.language)
        for other in LANGUAGES:
            if other != explanation.language:
                yield f'<details><summary lang="{other}">{_NAMES[other]}</summary>'
                yield from self._factors(other)
                yield "</details>"
        if explanation.chart is not None:
            yield f"<figure>{svg_of(explanation.chart, explanation.language)}</figure>"
        for address in root.children:
            node = self._nodes[address]
            yield f'<section id="{escape(address)}">'
            yield f"<h2>{escape(node.heading)}</h2>"
            said = self._said(node)
            if said:
                yield f"<p>{said}</p>"
            yield from self._children(node)
            yield "</section>"
        yield "</main>\n</body>\n</html>"

    def _verdict(self) -> Iterator[str]:
        explanation, words = self._explanation, self._words
        sure = explanation.equal and explanation.compared
        kind = "verdict" if sure else "verdict bad"
        yield f'<div class="{kind}">'
        if sure:
            yield f"<p>{escape(words('s_equal'))}</p>"
        for each in explanation.differences:
            said = words(
                "s_different",
                where=each.where,
                published=each.published,
                computed=each.computed,
            )
            yield f"<p>{escape(said)}</p>"
        for note in explanation.notes:
            yield f"<p>{escape(note)}</p>"
        yield "</div>"

    def _factors(self, language: str) -> Iterator[str]:
        yield f'<ol lang="{language}">'
        for said in self._explanation.key_factors[language]:
            yield f"<li>{escape(said)}</li>"
        yield "</ol>"

    def _said(self, node: Node) -> str:
        said = escape(node.text)
        if node.reason:
            said += f' <span class="code">{escape(node.reason)}</span>'
        law = "; ".join(self._words.citation(place) for place in node.law)
        if law and law not in node.text:
            said += f' <span class="law">{escape(law)}</span>'
        return said.strip()

    def _children(self, node: Node) -> Iterator[str]:
        if not node.children:
            return
        yield '<ul class="tree">'
        for address in node.children:
            child = self._nodes[address]
            yield f'<li id="{escape(address)}"><b>{escape(child.heading)}</b> {self._said(child)}'
            if address.endswith(".readings"):
                yield from self._readings(child)
            else:
                yield from self._children(child)
            yield "</li>"
        yield "</ul>"

    def _readings(self, node: Node) -> Iterator[str]:
        head = "".join(f"<th>{escape(name)}</th>" for name in _COLUMNS[self._words.language])
        yield f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>'
        for address in node.children:
            reading = self._nodes[address]
            out = "" if reading.value is not None else ' class="out"'
            parts = " ".join(
                f'<span id="{escape(child)}">{escape(self._part(child))}</span>'
                for child in reading.children
            )
            measured = reading.numbers.get("value_taken", reading.numbers.get("raw"))
            unit = reading.numbers.get("raw_unit") or ""
            value = "" if reading.value is None else f"{_number(reading.value)} {reading.unit}"
            yield (
                f'<tr id="{escape(address)}"{out}><td>{escape(reading.heading)}</td>'
                f'<td class="n">{_number(measured)} {escape(str(unit))}</td><td>{parts}</td>'
                f'<td class="n">{escape(value)}</td><td>{self._said(reading)}</td></tr>'
            )
        yield "</tbody></table></div>"

    def _part(self, address: str) -> str:
        node = self._nodes[address]
        return f"{node.heading} {node.text}"


def _number(value: Value) -> str:
    return number_text(value) if isinstance(value, float) else "" if value is None else str(value)
