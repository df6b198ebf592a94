"""Packs a set of rules into one file that people can read, and loads the rules from it.

The file holds everything that judging takes from files of law: the rules, the profile of the
country, the figures of fines, the calendar of official days. It is a stream of YAML documents, each
after a line ``--- # NAME`` and in the order of names, so that one set has one file, whose hash
stands for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from streams.core.law.calendar import WEEKENDS, WorkCalendar
from streams.core.law.country import Country
from streams.core.law.payment import PaymentTable
from streams.core.law.rule import RuleSet
from streams.rules.calendar import calendar_text, parse_calendar
from streams.rules.country import PROFILE, home, load_country, parse_country
from streams.rules.errors import RuleError
from streams.rules.folder import rule_folder
from streams.rules.load import parse_rules, rule_files
from streams.rules.payment import NO_FIGURES, PAYMENT, parse_payment

CALENDAR: Final = "calendar.yaml"
"""Name of the calendar in a packed file."""

_HEAD: Final = re.compile(r"^--- # (\S+)\n", re.MULTILINE)


class PackedRules(NamedTuple):
    """What a packed file holds."""

    rules: RuleSet
    payment: PaymentTable
    calendar: WorkCalendar


def pack_rules(directory: str | Path | None = None) -> bytes:
    """Pack the rules of a directory, or of a packaged set, by default Kazakhstan's.

    What a directory lacks and Kazakhstan's rules stand in for is packed from there. Raises
    RuleError.
    """
    folder = rule_folder(directory)
    files = dict(rule_files(folder))
    country = load_country(directory)
    for name in (PROFILE, PAYMENT):
        place = folder / name
        if not place.is_file() and country == home():
            place = rule_folder() / name
        if place.is_file():
            files[name] = place.read_text(encoding="utf-8")
    official = calendar_text(country.code)
    if official is not None:
        files[CALENDAR] = official
    return join_files(files.items())


def join_files(files: Iterable[tuple[str, str]]) -> bytes:
    """Join files, given as name and text, to one; raises RuleError where it could not be split."""
    parts = []
    for name, text in sorted(files):
        if _HEAD.search(text) or not re.fullmatch(r"\S+", name):
            raise RuleError(f"{name}: a line begins with '--- #', or the name has a blank")
        parts.append(f"--- # {name}\n{text if text.endswith(chr(10)) else text + chr(10)}")
    return "".join(parts).encode()


def split_files(packed: bytes) -> dict[str, str]:
    """Split a packed file into its files by name; raises RuleError for any other file."""
    try:
        before, *parts = _HEAD.split(packed.decode())
    except UnicodeDecodeError:
        raise RuleError("the packed rules are not UTF-8") from None
    files = dict(zip(parts[::2], parts[1::2], strict=True))
    if before or not files or join_files(files.items()) != packed:
        raise RuleError("the file is no packed set of rules")
    return files


def unpack_rules(packed: bytes) -> PackedRules:
    """Load the rules of a packed file, by its content alone. Raises RuleError."""
    files = split_files(packed)
    profile, figures, official = (files.pop(name, None) for name in (PROFILE, PAYMENT, CALENDAR))
    country: Country = home() if profile is None else parse_country(PROFILE, profile)
    payment = NO_FIGURES if figures is None else parse_payment(PAYMENT, figures)
    try:
        calendar = WEEKENDS if official is None else parse_calendar(official)
    except ValueError as error:
        raise RuleError(f"{CALENDAR}: {error}") from None
    return PackedRules(parse_rules(files.items(), country), payment, calendar)
