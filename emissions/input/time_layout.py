"""Parse times by a layout of strptime's letters, strictly.

Python's ``strptime`` drops an AM or PM beside ``%H``, ignores a zone word, and splits
``202605041240`` over six fields as it fits. Here each field has a fixed place in the cell: a layout
reads only what it would write, except for leading zeros where the end of the field is clear.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DIGITS: Final = {"Y": 4, "y": 2, "m": 2, "d": 2, "j": 3, "H": 2, "I": 2, "M": 2, "S": 2, "f": 6}
_EXACT: Final = frozenset("Yy")
"""Fields whose digits are all written, whatever stands beside them."""
_WORDS: Final = {
    "b": "|".join(name[:3] for name in _MONTHS),
    "B": "|".join(_MONTHS),
    "a": "|".join(name[:3] for name in _DAYS),
    "A": "|".join(_DAYS),
    "p": r"[ap]\.?m\.?",
    "z": r"Z|[+-]\d\d(?::?\d\d)?",
}
SUPPORTED: Final = " ".join(f"%{letter}" for letter in (*_DIGITS, *_WORDS))
_TOKEN: Final = re.compile(r"%(.)|(\s+)|([^%\s]+)", re.DOTALL)
_ZONE_WORD: Final = re.compile(
    r"(?<![A-Za-z])(UTC|GMT|Z)(?![A-Za-z])|[+-]\d\d:?\d\d\s*$|[+-]\d\d\s*$"
)


class LayoutError(ValueError):
    """The layout cannot determine a time; the text says why."""


class TimeLayout:
    """A checked layout; call it with a cell to get the local time, and its offset if written.

    24:00 is the next midnight (ISO 8601). Raises ValueError for a cell that does not match.
    """

    def __init__(self, layout: str, *, period_s: int | None = None) -> None:
        self.layout = layout
        self.letters = frozenset(
            match[1] for match in _TOKEN.finditer(layout) if match[1] not in (None, "%")
        )
        if "".join(match[0] for match in _TOKEN.finditer(layout)) != layout:
            raise LayoutError("a single % (write %% for a percent sign)")
        self._check(period_s)
        self._pattern = re.compile(_pattern_of(layout), re.IGNORECASE | re.ASCII)

    def _check(self, period_s: int | None) -> None:
        """Raise LayoutError where a part of the time is missing, repeated, or contradictory."""
        letters = self.letters
        for letter in sorted(letters - _DIGITS.keys() - _WORDS.keys()):
            why = (
                ": a zone name has no offset: write it as plain text, and set timezone to the zone "
                "it means"
                if letter == "Z"
                else f" is not supported (use {SUPPORTED} and %%)"
            )
            raise LayoutError(f"%{letter}{why}")
        said = [match[1] for match in _TOKEN.finditer(self.layout) if match[1] not in (None, "%")]
        for letter in said:
            if said.count(letter) > 1:
                raise LayoutError(f"%{letter} occurs twice")
        for one, other in (("Y", "y"), ("H", "I"), ("b", "m"), ("B", "m"), ("B", "b"), ("j", "m"),
                           ("j", "d"), ("j", "b"), ("j", "B")):  # fmt: skip
            if one in letters and other in letters:
                raise LayoutError(f"%{one} and %{other} are redundant")
        if not letters & {"Y", "y"}:
            raise LayoutError("the year is missing (%Y)")
        if "j" not in letters and not (letters & {"m", "b", "B"} and "d" in letters):
            raise LayoutError("the month or the day is missing (%m, %d)")
        if "I" in letters and "p" not in letters:
            raise LayoutError("%I requires %p, to tell morning from evening")
        if not letters & {"H", "I"}:
            raise LayoutError(
                "the hour is missing (%H, or %I with %p); if it is in another column, name "
                "both in columns: [Date, Hour]"
            )
        if period_s is not None and period_s % 3600 and "M" not in letters:
            raise LayoutError(f"the minute is missing (%M), but a period is {period_s} s")
        if period_s is not None and period_s % 60 and "S" not in letters:
            raise LayoutError(f"the second is missing (%S), but a period is {period_s} s")

    def zone_word(self) -> str | None:
        """Return the zone in the layout's own text (``UTC``, ``Z``, ``+05:00``), or None."""
        found = _ZONE_WORD.search(re.sub(r"%.", "#", self.layout))
        return found[0].strip() if found else None

    def __call__(self, cell: str) -> tuple[datetime, timedelta | None]:
        """Parse a cell to a time without zone, and the offset where the layout has one."""
        match = self._pattern.fullmatch(cell)
        if match is None:
            raise ValueError("it does not match")
        fields = match.groupdict()
        hour = _hour(fields)
        moment = datetime(  # noqa: DTZ001  the zone is the caller's
            _year(fields),
            1 if fields.get("j") else _month(fields),
            1 if fields.get("j") else int(fields["d"]),
            hour % 24,
            int(fields.get("M") or 0),
            int(fields.get("S") or 0),
            int((fields.get("f") or "0").ljust(6, "0")),
        )
        if fields.get("j"):
            day, year = int(fields["j"]), moment.year
            moment += timedelta(days=day - 1)
            if day < 1 or moment.year != year:
                raise ValueError("not a day of that year")
        weekday = fields.get("A") or fields.get("a")
        if weekday and not _DAYS[moment.weekday()].startswith(weekday.lower()):
            raise ValueError("another day of the week")
        if hour == 24:
            if (moment.minute, moment.second, moment.microsecond) != (0, 0, 0):
                raise ValueError("hour 24 is only valid as 24:00")
            moment += timedelta(days=1)
        return moment, _offset(fields.get("z"))


def _year(fields: dict[str, str | None]) -> int:
    short = fields.get("y")
    if short is None:
        return int(fields["Y"] or 0)
    return int(short) + (1900 if int(short) >= 69 else 2000)  # as POSIX has it


def _month(fields: dict[str, str | None]) -> int:
    number = fields.get("m")
    if number is not None:
        return int(number)
    name = (fields.get("B") or fields.get("b") or "").lower()
    return next(at for at, month in enumerate(_MONTHS, start=1) if month.startswith(name))


def _hour(fields: dict[str, str | None]) -> int:
    """Return the hour, 0 to 24; raise ValueError where AM or PM contradicts it."""
    half = (fields.get("p") or "").lower()[:1]
    if fields.get("I") is not None:
        hour = int(fields["I"] or 0)
        if not 1 <= hour <= 12:
            raise ValueError("not an hour from 1 to 12")
        return hour % 12 + (12 if half == "p" else 0)
    hour = int(fields["H"] or 0)
    if hour > 24:
        raise ValueError("not an hour")
    if half and half != ("p" if 12 <= hour < 24 else "a"):
        raise ValueError("AM or PM contradicts the hour (use %I for hours from 1 to 12)")
    return hour


def _offset(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if text in "Zz":
        return timedelta(0)
    digits = text[1:].replace(":", "").ljust(4, "0")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if size >= timedelta(days=1) or int(digits[2:]) > 59:
        raise ValueError("not an offset")
    return -size if text[0] == "-" else size


def _pattern_of(layout: str) -> str:
    """Build a pattern in which a field next to another digit has all its digits."""
    tokens = [(match[1], match[0]) for match in _TOKEN.finditer(layout)]
    parts = []
    for at, (letter, text) in enumerate(tokens):
        if letter in _DIGITS:
            before = _ends_in_digit(tokens[at - 1]) if at else False
            behind = _begins_with_digit(tokens[at + 1]) if at + 1 < len(tokens) else False
            most = _DIGITS[letter]
            fixed = before or behind or letter in _EXACT
            if letter == "f":  # a fraction may have any number of digits, but an end
                fixed = behind
            least = most if fixed else 1
            parts.append(rf"(?P<{letter}>\d{{{least},{most}}})")
        elif letter in _WORDS:
            parts.append(rf"(?P<{letter}>{_WORDS[letter]})")
        elif letter == "%":
            parts.append("%")
        elif text.isspace():
            parts.append(r"\s+")
        else:
            parts.append(re.escape(text))
    return "".join(parts)


def _ends_in_digit(token: tuple[str | None, str]) -> bool:
    letter, text = token
    return letter in _DIGITS or (letter is None and text[-1].isdigit())


def _begins_with_digit(token: tuple[str | None, str]) -> bool:
    letter, text = token
    return letter in _DIGITS or (letter is None and text[0].isdigit())
