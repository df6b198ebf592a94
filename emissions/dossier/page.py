"""Lays a dossier out as one web page: no scripts, nothing loaded, good on paper."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from typing import Final

from emissions.dossier.document import (
    Block,
    Code,
    Document,
    Facts,
    Figure,
    Paragraph,
    Signature,
    Steps,
    Table,
)

_STYLE: Final = """
:root{color-scheme:light}
body{margin:0 auto;padding:1.5rem;max-width:60rem;background:#fff;color:#1b1b1b;
font:16px/1.45 "Libertinus Serif","Times New Roman",Georgia,serif}
header{display:grid;grid-template-columns:1fr 6.5rem;gap:1.5rem;align-items:start;
border-bottom:2px solid #1b1b1b;padding-bottom:.8rem}
h1{font-size:1.5rem;line-height:1.2;margin:0 0 .4rem}h2{font-size:1.12rem;margin:1.5rem 0 .4rem}
p{margin:.35rem 0}.running,.note,footer{font-size:.86rem;color:#4a4a4a}
.subtitle,code,.hash{overflow-wrap:anywhere}.key{font-weight:600}
.qr svg{width:6.5rem;height:auto;display:block}
dl{display:grid;grid-template-columns:minmax(9rem,15rem) 1fr;gap:.2rem 1rem;margin:.4rem 0}
dt{color:#4a4a4a}dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.86rem;margin:.5rem 0;
font-variant-numeric:lining-nums tabular-nums}
th,td{border:1px solid #bdbdbd;padding:.2rem .45rem;text-align:left;vertical-align:top}
th{background:#f2f2f2}td.n,th.n{text-align:right}td.n{white-space:nowrap}
td.hash{font-family:ui-monospace,monospace;font-size:.78rem;min-width:16rem}
tr.total td{font-weight:600;border-top:2px solid #1b1b1b}
figure{margin:.6rem 0}figure svg{width:100%;height:auto;display:block}
figcaption{font-size:.86rem;color:#4a4a4a}
pre{background:#f2f2f2;padding:.4rem .6rem;white-space:pre-wrap;overflow-wrap:anywhere;
font-size:.86rem}
.line{display:grid;grid-template-columns:18rem 1fr;gap:1rem;margin:1.1rem 0;align-items:end}
.line span{border-bottom:1px solid #1b1b1b;height:1.3rem}
footer{border-top:1px solid #bdbdbd;margin-top:2rem;padding-top:.5rem}
@media (max-width:40rem){dl,.line{grid-template-columns:1fr}dt{margin-top:.4rem}}
@media print{@page{size:A4;margin:18mm 15mm}body{max-width:none;padding:0;font-size:10.5pt}
thead{display:table-header-group}tr,figure,.line{break-inside:avoid}h2{break-after:avoid}
section.annex{break-before:page}.wide{overflow:visible}}
"""
_STYLES: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_DIGITS: Final = 64


def page_of(document: Document) -> str:
    """Write the page; the same document gives the same bytes."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Document) -> Iterator[str]:
    policy = f"default-src 'none'; style-src {_allowed(document)}; base-uri 'none'"
    yield f'<!DOCTYPE html>\n<html lang="{document.language}">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
    yield f"<title>{escape(document.title)} · {escape(document.running)}</title>"
    yield f"<style>{_STYLE}</style>\n</head>\n<body>\n<header><div>"
    yield f'<p class="running">{escape(document.running)}</p><h1>{escape(document.title)}</h1>'
    yield f'<p class="subtitle">{escape(document.subtitle)}</p></div>'
    yield f'<div class="qr" role="img" aria-label="{escape(document.qr_text)}">{document.qr}</div>'
    yield "</header>\n<main>"
    for section in document.sections:
        kind = ' class="annex"' if section.annex else ""
        yield f"<section{kind}>\n<h2>{escape(section.heading)}</h2>"
        for block in section.blocks:
            yield from _block(block)
        yield "</section>"
    yield f"</main>\n<footer>{escape(document.foot)}</footer>\n</body>\n</html>"


def _allowed(document: Document) -> str:
    """Name the styles of the page and of its charts by their hashes: no others are applied."""
    drawn = (
        block.svg
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Figure)
    )
    styles = {_STYLE: None} | {each: None for svg in drawn for each in _STYLES.findall(svg)}
    digests = (b64encode(sha256(each.encode()).digest()).decode() for each in styles)
    return " ".join(f"'sha256-{each}'" for each in digests)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(text=text, style=style):
            kind = "" if style == "plain" else f' class="{style}"'
            yield f"<p{kind}>{escape(text)}</p>"
        case Facts(rows=rows):
            listed = (f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in rows)
            yield f"<dl>{''.join(listed)}</dl>"
        case Table():
            yield from _table(block)
        case Figure(svg=svg, caption=caption):
            yield f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"
        case Steps(items=items):
            yield "<ol>" + "".join(f"<li>{escape(each)}</li>" for each in items) + "</ol>"
        case Code(text=text):
            yield f"<pre>{escape(text)}</pre>"
        case Signature(labels=labels):
            for label in labels:
                yield f'<div class="line">{escape(label)}<span></span></div>'


def _table(table: Table) -> Iterator[str]:
    yield '<div class="wide"><table><thead><tr>'
    for name, numeric in zip(table.columns, table.numeric, strict=True):
        kind = ' class="n"' if numeric else ""
        yield f'<th scope="col"{kind}>{escape(name)}</th>'
    yield "</tr></thead><tbody>"
    for place, row in enumerate(table.rows, 1):
        total = table.total and place == len(table.rows)
        cells = "".join(_cell(*each) for each in zip(row, table.numeric, strict=True))
        yield f'<tr class="total">{cells}</tr>' if total else f"<tr>{cells}</tr>"
    yield "</tbody></table></div>"


def _cell(text: str, numeric: bool) -> str:
    kind = "n" if numeric else "hash" if len(text) == _DIGITS and text.isalnum() else ""
    return f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>"
