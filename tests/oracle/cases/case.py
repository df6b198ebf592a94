"""A case: two files, an end, and what a person computed; plus short ways to write the files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Row = dict[str, Any]

ENTERPRISE = """enterprises:
  - bin: "990140001233"
    name: {{ru: "Пример", kk: "Мысал", en: "Example"}}
    region: KZ-55
    category: {category}
    business_size: large
    commissioned_on: {commissioned}
    asm: {asm}
{extra}    sources:
"""
SOURCE = """      - id: {id}
        timezone: {zone}
        cadence_s: {cadence}
        criteria: {criteria}
        stack_area_m2: 28.2743
{extra}        channels:
{channels}
        limits: [{limits}]
        excused: [{excused}]
"""
STANDARD = "{temperature_k: 293.15, pressure_kpa: 101.3, dry: true}"
SO2 = f"{{parameter: SO2, unit: mg/m3, basis: dry, conditions: {STANDARD}, range: [0, 3000]}}"


def limit(value: float, parameter: str = "SO2", more: str = "") -> str:
    """A mg/m3 limit in the conditions in which the plain channel already measures."""
    return (
        f"{{parameter: {parameter}, value: {value}, unit: mg/m3, valid_from: 2015-01-01,"
        f" reference: {STANDARD}{more}}}"
    )


def registry(
    *sources: str,
    category: int = 2,
    commissioned: str = "2009-05-01",
    asm: str = "{installed_on: 2020-01-01, connected_on: null}",
    extra: str = "",
) -> str:
    """A registry of one enterprise; category 2 and no connection: no duties, no KZ-GAP."""
    head = ENTERPRISE.format(category=category, commissioned=commissioned, asm=asm, extra=extra)
    return head + "".join(sources)


def source(
    identity: str = "A",
    cadence: int = 600,
    zone: str = "Asia/Almaty",
    channels: Sequence[str] = (SO2,),
    limits: Sequence[str] = (),
    excused: Sequence[str] = (),
    extra: str = "",
    criteria: str = "{plant: station, fuel: solid, electric_mw: 210}",
) -> str:
    """One source of a registry."""
    return SOURCE.format(
        id=identity,
        zone=zone,
        cadence=cadence,
        extra=extra,
        criteria=criteria,
        channels="\n".join(f"          - {channel}" for channel in channels),
        limits=", ".join(limits),
        excused=", ".join(excused),
    )


def line(
    start: datetime,
    period: int = 600,
    arrival: str | None = None,
    identity: str = "A",
    state: str = "",
    serial: str = "",
    **cells: object,
) -> Row:
    """One row; without an arrival it arrives when its interval ends."""
    row: Row = {"source_id": identity, "measured_at": start.isoformat(), "period_s": period}
    row |= {"arrived_at": arrival or "", "state": state, "device_serial": serial}
    return row | {name.replace("_flag", ".flag"): cell for name, cell in cells.items()}


def lines(begin: str, count: int, period: int = 600, **more: Any) -> list[Row]:
    """Rows one after another; a cell that is a list gives a value a row."""
    start = datetime.fromisoformat(begin)
    return [
        line(
            start + timedelta(seconds=index * period),
            period,
            **{k: v[index] if isinstance(v, list) else v for k, v in more.items()},
        )
        for index in range(count)
    ]


def table(rows: Iterable[Row]) -> str:
    """CSV text of rows."""
    kept = list(rows)
    columns = list(dict.fromkeys(name for row in kept for name in row))
    body = [",".join(str(row.get(column, "")) for column in columns) for row in kept]
    return "\n".join([",".join(columns), *body]) + "\n"


@dataclass(frozen=True)
class Case:
    """What is expected: some means, and (where given) all gaps, violations, dead letters."""

    name: str
    registry: str
    rows: Sequence[Row]
    until: str | None = None
    means: Sequence[Row] = ()
    no_means: Sequence[Row] = ()
    gaps: Sequence[tuple[str, str, str, str]] | None = None  # source, parameter, start, end
    violations: Sequence[Row] | None = None
    dead_letters: Sequence[str] | None = None
    notices: Sequence[str] | None = None

    def write(self, directory: Path) -> tuple[Path, Path]:
        """The two files in a directory; beside them the notices, if the case has any."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "registry.yaml").write_text(self.registry, encoding="utf-8")
        (directory / "input.csv").write_text(table(self.rows), encoding="utf-8")
        notices = self.notice_file(directory)
        if self.notices is not None and notices is not None:
            text = f"notices:\n{''.join(self.notices)}" if self.notices else "notices: []\n"
            notices.write_text(text, encoding="utf-8")
        return directory / "registry.yaml", directory / "input.csv"

    def notice_file(self, directory: Path) -> Path | None:
        """Where its notices are, if it has any."""
        return None if self.notices is None else directory / "notices.yaml"

    def check(
        self,
        means: Iterable[Row],
        gaps: Iterable[Row],
        violations: Iterable[Row],
        dead_letters: Iterable[Row],
    ) -> list[str]:
        """Sentences about what differs from the expectation; the rows are those of an export."""
        said = []
        kept = list(means)
        for wanted in self.means:
            found = [row for row in kept if _matches(row, wanted)]
            if len(found) != 1:
                close = [r for r in kept if all(r[n] == wanted[n] for n in _KEY if n in wanted)]
                said.append(f"{self.name}: expected mean {wanted}, got {close[:3]}")
        for unwanted in self.no_means:
            said += [f"{self.name}: not a mean: {r}" for r in kept if _matches(r, unwanted)]
        if self.gaps is not None:
            got = sorted((g["source_id"], g["parameter"], g["start"], g["end"]) for g in gaps)
            if got != sorted(self.gaps):
                said.append(f"{self.name}: expected gaps {sorted(self.gaps)}, got {got}")
        if self.violations is not None:
            rest = list(violations)
            for wanted in self.violations:
                found = [row for row in rest if _matches(row, wanted)]
                if not found:
                    said.append(f"{self.name}: expected violation {wanted}")
                else:
                    rest.remove(found[0])
            said += [f"{self.name}: not expected: {row}" for row in rest]
        if self.dead_letters is not None:
            reasons = sorted(letter["reason"] for letter in dead_letters)
            if reasons != sorted(self.dead_letters):
                said.append(f"{self.name}: expected {sorted(self.dead_letters)}, got {reasons}")
        return said


_KEY = ("parameter", "unit", "window", "start")


def _matches(row: Row, wanted: Row) -> bool:
    return all(_equal(row[name], value) for name, value in wanted.items())


def _equal(got: Any, wanted: Any) -> bool:
    if wanted is None or got in (None, ""):
        return wanted in (None, "") and got in (None, "")
    if isinstance(wanted, float):
        return math.isclose(float(got), wanted, rel_tol=1e-9)
    if wanted == "OPEN":
        return got in ("OPEN", "AMENDED")
    return str(got) == str(wanted)
