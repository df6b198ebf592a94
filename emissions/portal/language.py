"""The three languages of the portal, and its words: one file a page under ``words/``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import yaml

Language = Literal["kk", "ru", "en"]

LANGUAGES: Final[tuple[Language, ...]] = ("kk", "ru", "en")
"""In the order in which they are offered: the state language first."""

NAMES: Final[Mapping[Language, str]] = {"kk": "Қазақша", "ru": "Русский", "en": "English"}


class WordsError(Exception):
    """A file of words lacks a language or says the same twice; the text says where."""


@cache
def words(language: Language) -> Mapping[str, str]:
    """Return every text of the portal in a language, by its name ``file.key``.

    Raises WordsError where a text lacks a language.
    """
    found: dict[str, str] = {}
    for file in sorted(files("emissions.portal").joinpath("words").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".yaml"):
            continue
        group = file.name.removesuffix(".yaml")
        for key, texts in yaml.safe_load(file.read_text("utf-8")).items():
            absent = [each for each in LANGUAGES if not texts.get(each)]
            if absent:
                raise WordsError(f"words/{file.name}: {key} has no text in {', '.join(absent)}")
            found[f"{group}.{key}"] = texts[language]
    return found


def language_of(path: str) -> Language | None:
    """Return the language that an address begins with (``/kk/...``), or None."""
    first = path.lstrip("/").split("/", 1)[0]
    return first if first in LANGUAGES else None


def preferred(accept_language: str) -> Language:
    """Return the offered language that a browser weighs highest; Kazakh where it names none."""
    best, weight = LANGUAGES[0], 0.0
    for part in accept_language[:500].split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weighed = float(quality) if quality else 1.0
        except ValueError:
            continue
        known = tag.split("-")[0].lower()
        if known in LANGUAGES and weighed > weight:
            best, weight = known, weighed
    return best
