"""Writes Atom (RFC 4287): a pure function of entries to bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement, tostring

MEDIA_TYPE: Final = "application/atom+xml; charset=utf-8"
_NAMESPACE: Final = "http://www.w3.org/2005/Atom"
_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Entry:
    """One change: ``key`` names it for ever, ``address`` is where a person reads of it."""

    key: str
    title: str
    summary: str
    address: str
    updated: datetime


@dataclass(frozen=True)
class Feed:
    """A page of a feed; addresses are relative to the site."""

    key: str
    title: str
    author: str
    language: str
    address: str
    page_address: str
    next_address: str | None
    previous_address: str | None
    entries: Sequence[Entry]
    updated: datetime


def stable_id(key: str) -> str:
    """Return the id of a feed or entry: a hash of what it is about, whatever host serves it."""
    return uuid5(NAMESPACE_URL, f"emission-streams/{key}").urn


def write_atom(feed: Feed) -> bytes:
    """Return a feed as Atom. Characters that XML has not are left out."""
    root = Element("feed", {"xmlns": _NAMESPACE, "xml:lang": feed.language})
    _text(root, "id", stable_id(feed.key))
    _text(root, "title", feed.title)
    _text(root, "updated", _moment(feed.updated))
    _text(SubElement(root, "author"), "name", feed.author)
    _text(root, "rights", "CC BY 4.0")
    _link(root, "self", feed.address, "application/atom+xml")
    _link(root, "alternate", feed.page_address, "text/html")
    if feed.next_address is not None:
        _link(root, "next", feed.next_address, "application/atom+xml")
    if feed.previous_address is not None:
        _link(root, "previous", feed.previous_address, "application/atom+xml")
    for entry in feed.entries:
        element = SubElement(root, "entry")
        _text(element, "id", stable_id(entry.key))
        _text(element, "title", entry.title)
        _text(element, "updated", _moment(entry.updated))
        _link(element, "alternate", entry.address, "text/html")
        _text(element, "summary", entry.summary)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = _NO_XML.sub("", text)


def _link(parent: Element, relation: str, address: str, kind: str) -> None:
    SubElement(parent, "link", {"rel": relation, "type": kind, "href": address})


def _moment(value: datetime) -> str:
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
