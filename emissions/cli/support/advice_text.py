"""Words an advice to an operator in Russian, Kazakh and English, from its codes and numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from emissions.cli.support.violation_text import LANGUAGES, local_moment
from streams.core.time.local_clock import iso
from streams.core.time.wording import minute_text

Record = dict[str, Any]

LISTED: Final = (
    "kind", "source_id", "bin", "parameter", "rule", "window", "term", "told", "due", "advice",
    "id",
)  # fmt: skip
"""Columns for people; empty ones are omitted."""

CSV: Final = (
    "id", "kind", "bin", "source_id", "parameter", "unit", "rule", "window", "term", "start", "end",
    "value", "limit", "reached_from", "expected", "stay_below", "certain", "due", "left_s", "basis",
    "rule_set", "told_at", "advice",
)  # fmt: skip

_MOMENTS: Final = frozenset({"start", "end", "due", "told_at"})

_WINDOWS: Final = {
    "20min": ("20 мин", "20 мин", "20 min"),
    "30min": ("30 мин", "30 мин", "30 min"),
    "1h": ("1 ч", "1 сағ", "1 h"),
    "day": ("сутки", "тәулік", "day"),
}
_LENGTHS: Final = (("д", "тәул", "d"), ("ч", "сағ", "h"), ("мин", "мин", "min"), ("с", "с", "s"))
_SIZES: Final = (86_400, 3_600, 60, 1)

_SO_FAR: Final = (
    "{parameter}: среднее окна «{window}» с {start} пока {value} {unit} при норме {limit}. "
    "Если уровень не изменится, выйдет {expected}; {rule} наступает от {reached_from}. ",
    "{parameter}: {start} басталған «{window}» терезесінің орташасы әзірге {value} {unit}, норма "
    "{limit}. Деңгей өзгермесе, {expected} болады; {rule} {reached_from} мәнінен басталады. ",
    "{parameter}: the mean of the {window} window from {start} is {value} {unit} so far, the limit "
    "{limit}. At the present level it comes to {expected}; {rule} begins at {reached_from}. ",
)
_AVERTED: Final = (
    "Осталось {left}: держите среднее остатка ниже {stay_below} {unit}.",
    "{left} қалды: қалған уақыттың орташасын {stay_below} {unit} төмен ұстаңыз.",
    "{left} left: keep the mean of the rest below {stay_below} {unit}.",
)
_HOPELESS: Final = (
    "Осталось {left}; снизить достаточно уже нельзя.",
    "{left} қалды; жеткілікті төмендету енді мүмкін емес.",
    "{left} left; no level of the rest is low enough.",
)
_CERTAIN: Final = (
    "Это уже неизбежно, даже если до конца будут нули. Осталось {left}.",
    "Соңына дейін нөл болса да, бұл енді болмай қоймайды. {left} қалды.",
    "It is certain, even if all the rest were 0. {left} left.",
)
_SOURCE_SILENT: Final = (
    "Данных нет с {start}, уже {silent}. Через {left} это {rule}.",
    "{start} бастап дерек жоқ, {silent} өтті. {left} кейін бұл {rule}.",
    "Nothing has come since {start}, for {silent}. In {left} it is {rule}.",
)
_CHANNEL_SILENT: Final = (
    "{parameter}: с {start} ни одного действительного значения, уже {silent}.",
    "{parameter}: {start} бастап бірде-бір жарамды мән жоқ, {silent} өтті.",
    "{parameter}: no valid value since {start}, for {silent}.",
)
_TERMS: Final = {
    "OUTAGE_NOTICE": (
        "Перерыв в данных с {start}: уведомление о внеплановой остановке принимается до {due} "
        "({basis}). Осталось {left}.",
        "{start} бастап деректерде үзіліс бар: жоспардан тыс тоқтау туралы хабарлама {due} дейін "
        "қабылданады ({basis}). {left} қалды.",
        "No data from {start}: a notice of an unplanned outage counts until {due} ({basis}). "
        "{left} left.",
    ),
    "MARK": (
        "{parameter}: значения с {start} не засчитываются; отметка о них принимается до {due}. "
        "Осталось {left}.",
        "{parameter}: {start} бастап мәндер есепке алынбайды; олар туралы белгі {due} дейін "
        "қабылданады. {left} қалды.",
        "{parameter}: values from {start} do not count; a mark on them counts until {due}. "
        "{left} left.",
    ),
    "FORM_2": (
        "{parameter}: о превышении {rule} с {start} нет формы 2; она принимается до {due} "
        "({basis}). Осталось {left}.",
        "{parameter}: {start} басталған {rule} асып кетуі туралы 2-нысан жоқ; ол {due} дейін "
        "қабылданады ({basis}). {left} қалды.",
        "{parameter}: no form 2 has come on the exceedance {rule} from {start}; it counts until "
        "{due} ({basis}). {left} left.",
    ),
}
_UNKNOWN: Final = ("{kind} до {due}", "{kind} {due} дейін", "{kind} until {due}")


@dataclass(frozen=True)
class AdviceFilter:
    """Which advice is wanted; an empty field does not filter. Times are ms UTC."""

    kinds: Collection[str] = ()
    bin: str | None = None
    source: str | None = None
    since: int | None = None

    def __contains__(self, record: object) -> bool:
        """Return whether a record was told at ``since`` or later and matches all other fields."""
        return isinstance(record, dict) and (
            (not self.kinds or record["kind"] in self.kinds)
            and self.bin in (None, record["bin"])
            and self.source in (None, record["source_id"])
            and (self.since is None or record["told_at"] >= self.since)
        )


class AdviceFormatter:
    """Words advice in one language, by the clocks of their sources."""

    def __init__(self, language: str, zones: Mapping[str, str], country_zone: str) -> None:
        self._at = LANGUAGES.index(language)
        self._zones = zones
        self._zone = country_zone

    def document(self, record: Record) -> Record:
        """Return every field for scripts, with the sentence; times ISO 8601 UTC and local."""
        clock = self._clock(record)
        found = {
            name: iso(value) if name in _MOMENTS and value is not None else value
            for name, value in record.items()
        }
        return {
            **found,
            "timezone": clock,
            "due_local": local_moment(clock, record["due"]),
            "advice": self.sentence(record),
        }

    def row(self, record: Record) -> Record:
        """Return the columns of ``LISTED`` for people."""
        clock = self._clock(record)
        return {
            **record,
            "told": minute_text(record["told_at"], clock),
            "due": minute_text(record["due"], clock),
            "advice": self.sentence(record),
        }

    def line(self, record: Record) -> str:
        """Format an advice as one line."""
        told = minute_text(record["told_at"], self._clock(record))
        return f"{told}  {record['kind']:<13}  {record['source_id']}  {self.sentence(record)}"

    def sentence(self, record: Record) -> str:
        """Word an advice; one of a kind or term of later by its end alone."""
        clock, at = self._clock(record), self._at
        values = {name: _number(value) for name, value in record.items()}
        window = record["window"]
        return self._form(record)[at].format_map(
            {
                **values,
                "window": _WINDOWS.get(window, (window,) * 3)[at],
                "start": minute_text(record["start"], clock),
                "due": minute_text(record["due"], clock),
                "left": self._length(record["left_s"]),
                "silent": self._length(record["value"] or 0),
            }
        )

    def _form(self, record: Record) -> tuple[str, ...]:
        if record["kind"] == "EXCEEDING":
            rest = _AVERTED
            if record["certain"]:
                rest = _CERTAIN
            elif record["stay_below"] is None:
                rest = _HOPELESS
            return tuple(map("".join, zip(_SO_FAR, rest, strict=True)))
        if record["kind"] == "SILENCE":
            return _SOURCE_SILENT if record["parameter"] is None else _CHANNEL_SILENT
        return _TERMS.get(record["term"] or "", _UNKNOWN)

    def _length(self, seconds: float) -> str:
        left, parts = max(0, int(seconds)), list[str]()
        for size, names in zip(_SIZES, _LENGTHS, strict=True):
            count, left = divmod(left, size)
            if count:
                parts.append(f"{count} {names[self._at]}")
        return " ".join(parts[:2]) or f"0 {_LENGTHS[-1][self._at]}"

    def _clock(self, record: Record) -> str:
        return self._zones.get(record["source_id"], self._zone)


def _number(value: object) -> object:
    return f"{value:.5g}" if isinstance(value, float) else value
