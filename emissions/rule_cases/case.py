"""What a ``*.cases.yaml`` says: measurements in sentences, and what a rule finds in them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import yaml

from emissions.rule_cases.sentences import ZONE, LocalDay
from streams.rules.errors import reason_of


class CaseError(Exception):
    """A file of cases that cannot be used: one sentence with the file, the case and the reason."""


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The source and its enterprise, in words; each case may say otherwise.

    ``day`` is that of times without a date, which are those of ``zone``. Readings are of one
    parameter, SO2. ``device`` is the one that is listed, ``devices`` are several. ``until`` is how
    far time has come (two hours after the last reading unless said).
    """

    day: date = date(2026, 5, 4)
    zone: str = ZONE
    limits: tuple[str, ...] = ("500 mg/m3",)
    device: str | None = None
    devices: tuple[str, ...] = ()
    excused: tuple[str, ...] = ()
    installed: date | None = None
    connected: date | None = None
    category: int = 2
    commissioned: date = date(2009, 5, 1)
    criteria: str | None = None
    roadmap: date | None = None
    until: str | None = None


class Case(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One case: what was measured, and every finding of the rule (none where nothing is found)."""

    case: str
    why: str = ""
    readings: tuple[str, ...] = ()
    found: tuple[str, ...] = ()

    @property
    def local_day(self) -> LocalDay:
        """The day on the clock of the case."""
        return LocalDay(self.day, self.zone)


class CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The cases of one rule."""

    rule: str
    cases: tuple[Case, ...]


def read_cases(path: Path) -> CaseFile:
    """Read the cases of a rule; what stands under ``given`` holds for every case.

    Raises CaseError.
    """
    try:
        written = yaml.safe_load(path.read_text(encoding="utf-8"))
        given = written.pop("given", {}) if isinstance(written, dict) else {}
        if isinstance(written, dict) and isinstance(written.get("cases"), list):
            written["cases"] = [_with(given, case) for case in written["cases"]]
        return msgspec.convert(written, CaseFile)
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise CaseError(f"{path.name}: {reason_of(error)}") from None


def _with(given: Any, case: Any) -> Any:
    return {**given, **case} if isinstance(given, dict) and isinstance(case, dict) else case
