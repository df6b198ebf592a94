"""Reads the profile of a country, ``country.yaml`` beside its rules."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import yaml

from streams.core.law.country import Country
from streams.core.time.local_clock import zone
from streams.rules.errors import RuleError, reason_of
from streams.rules.folder import rule_folder

PROFILE: Final = "country.yaml"
"""Name of the file in a directory of rules; without one the profile of Kazakhstan holds."""


def load_country(directory: str | Path | None = None) -> Country:
    """Return the profile in a directory of rules or in a packaged set, Kazakhstan's without one.

    Raises RuleError with one sentence for a file that is no profile.
    """
    path = rule_folder(directory) / PROFILE
    return _read(path) if directory is not None and path.is_file() else home()


@cache
def home() -> Country:
    """Return the profile of Kazakhstan, as it is packaged."""
    return _read(rule_folder() / PROFILE)


def parse_country(name: str, text: str) -> Country:
    """Parse a profile; raises RuleError with the name of its file."""
    try:
        country = msgspec.convert(yaml.safe_load(text), Country)
        zone(country.zone)
    except (yaml.YAMLError, msgspec.ValidationError, ValueError) as error:
        raise RuleError(f"{name}: {reason_of(error)}") from None
    return country


def _read(file: Path) -> Country:
    try:
        return parse_country(file.name, file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise RuleError(f"{file.name}: the file is not UTF-8") from None
