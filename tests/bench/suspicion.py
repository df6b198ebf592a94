"""Measures the detectors over simulated years: found, missed, false, and how late.

``python -m tests.bench.suspicion --sources 6 --seed 101 --seed 102``: per detector what was put in
and found, its recall, false findings a source and year, and the median delay from the beginning of
the pattern to the finding. With ``--minutely`` the sources send a reading a minute. With
``--direct`` days are read from the readings, each normalised as the engine does, and not from the
engine's slots: a tenth of the time.

A finding is true where it meets a label of its kind (with a day of slack, and of the same parameter
if both have one); one that meets a label of another kind is told apart, every other is false.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

import msgspec
import numpy as np

from emissions.simulation.suspicious_year import (
    FIRST_DAY,
    STEP,
    TOO_SHORT,
    Label,
    Pattern,
    SourceYear,
    simulate_years,
)
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.detection.day import LOOKBACK, MARKS, DayColumns
from streams.core.detection.detector import Hit
from streams.core.detection.memory import Detection, Memory
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.law.quality_codes import STATUS
from streams.core.quality.assess import assess_reading
from streams.core.records.findings import Finding, Proof
from streams.core.records.record import RawRecord
from streams.core.sources.history import RegistryHistory
from streams.core.sources.series import CONCENTRATION
from streams.core.sources.source import compile_sources
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.core.time.local_clock import midnight
from streams.rules.detectors import load_detectors
from streams.rules.load import load_rules

_CODEC = Codec(FileIds())


class Judged(NamedTuple):
    """Findings of a source that stand at the end, with the stream time of their first revision."""

    finding: Finding
    first_told: int


def judge(years: Sequence[SourceYear]) -> dict[str, list[Judged]]:
    """Run the readings of sources through one engine, in order, as a worker does; by source.

    A batch is the readings of six hours: of one finding a batch publishes the last revision only,
    and its delay is no better known than that.
    """
    registry = RegistryHistory()
    by_bin: dict[str, list[SourceYear]] = defaultdict(list)
    for year in years:
        by_bin[year.enterprise.bin].append(year)
    for number, (bin_, own) in enumerate(by_bin.items()):
        proof = Proof("emissions.registry", 0, number, number, 0, "0" * 64)
        sources = tuple(source for year in own for source in year.enterprise.sources)
        whole = msgspec.structs.replace(own[0].enterprise, sources=sources)
        registry.add(-(1 << 61), bin_, whole, proof)
    engine = PartitionProcessor(
        topic="emissions.readings",
        partition=0,
        partitions=1,
        decode=_CODEC.decode_readings,
        rules=msgspec.structs.replace(load_rules(), rules=()),  # violations are not measured here
        policy=Policy(),
        registry=registry,
        state={},
        detectors=load_detectors(),
    )
    readings = sorted(
        (reading for year in years for reading in year.readings),
        key=lambda reading: reading.measured_at,
    )
    batch = max(1, len(years) * 6 * HOUR // (readings[0].period_s * 1000))
    last: dict[str, Finding] = {}
    first: dict[str, int] = {}
    for start in range(0, len(readings), batch):
        log = [
            RawRecord(
                number,
                reading.ends_at + 5000,
                reading.source_id.encode(),
                _CODEC.encode("EmissionReading", msgspec.structs.asdict(reading)),
                (),
            )
            for number, reading in enumerate(readings[start : start + batch], start)
        ]
        for finding in engine.apply(log).findings:
            last[finding.id] = finding
            first.setdefault(finding.id, finding.detected_at)
    found: dict[str, list[Judged]] = {year.source_id: [] for year in years}
    for finding in last.values():
        if finding.status != "WITHDRAWN":
            found[finding.source_id or ""].append(Judged(finding, first[finding.id]))
    return found


def judge_directly(year: SourceYear) -> list[Judged]:
    """Give the days of a year of 20-minute means to the detectors, each as it closes."""
    detection = Detection(load_detectors(), Memory(), Policy().max_lateness)
    found: dict[tuple[str, str | None, int], Judged] = {}
    for day in _days(year):
        detection.close(day.start, day.end, day)
        stands = {}
        for episode in detection.found():
            code, hit = episode.code, episode.hit
            key = code, hit.parameter, hit.start
            known = found.get(key)
            first = day.end if known is None else known.first_told
            stands[key] = Judged(_finding_of(year, code, hit), first)
        horizon = detection.remembered_from
        kept = {key: each for key, each in found.items() if (each.finding.end or 0) < horizon}
        found = kept | stands
        while detection.due <= day.end:
            detection.settle()
    return list(found.values())


def _finding_of(year: SourceYear, code: str, hit: Hit) -> Finding:
    return Finding(
        "", 1, "CLOSED", code, year.enterprise.bin, year.source_id, hit.parameter, hit.start,
        hit.end, "", hit.value, hit.threshold, None, hit.note, "", "", "", hit.end,
    )  # fmt: skip


def _days(year: SourceYear) -> Iterator[DayColumns]:
    """Yield the local days of a year that have a reading."""
    step, names = STEP * MINUTE, tuple(year.readings[0].values)
    first = midnight(year.enterprise.sources[0].timezone, FIRST_DAY)
    rows = 1 + (year.readings[-1].measured_at - first) // step
    before = LOOKBACK // step
    raw = np.full((before + rows, len(names)), np.nan)
    marked = np.zeros(raw.shape, dtype=np.bool_)
    there = np.zeros(len(raw), dtype=np.bool_)
    (entry,) = compile_sources(year.enterprise)
    limits = {name: entry.limit(name, CONCENTRATION, first) for name in names}
    shares = {
        name: (np.full(len(raw), np.nan), limit.value)
        for name, limit in limits.items()
        if limit is not None
    }
    for reading in year.readings:
        row = before + (reading.measured_at - first) // step
        there[row] = True
        if reading.state == "NORMAL":
            raw[row] = np.array(list(reading.values.values()), dtype=np.float32)
        for series, _, value, code, _ in assess_reading(reading, entry).series:
            if code is None and series.unit == CONCENTRATION and series.parameter in shares:
                share, limit_value = shares[series.parameter]
                share[row] = np.float32(value) / limit_value
        for name, flag in reading.flags.items():
            raw[row, names.index(name)] = np.nan
            marked[row, names.index(name)] = f"{STATUS}{flag}" in MARKS
    length = DAY // step
    for at in range(0, rows - length + 1, length):
        own = slice(at, at + before + length)
        if there[at + before : at + before + length].any():
            start = first + at * step
            nothing = np.zeros((before + length, len(names)), dtype=np.bool_)
            yield DayColumns(
                start, start + DAY, start - LOOKBACK, step, before, names, raw[own],
                {name: share[own] for name, (share, _) in shares.items()}, marked[own], nothing,
            )  # fmt: skip


def meets(finding: Finding, label: Label) -> bool:
    """Whether a finding lies where a pattern was put in."""
    end = finding.end if finding.end is not None else finding.start
    same = None in (finding.parameter, label.parameter) or finding.parameter == label.parameter
    return same and finding.start < label.end + DAY and end > label.start - DAY


class Tally(NamedTuple):
    """What came of one pattern."""

    injected: int
    found: int
    false: int
    beside: int
    delays: list[int]


def tally(years: list[tuple[SourceYear, list[Judged]]], told: bool = False) -> dict[str, Tally]:
    """Compare findings with labels, pattern by pattern."""
    injected: Counter[str] = Counter()
    found: Counter[str] = Counter()
    false: Counter[str] = Counter()
    beside: Counter[str] = Counter()
    delays: dict[str, list[int]] = defaultdict(list)
    for year, judged in years:
        for label in year.labels:
            injected[label.pattern] += 1
            own = [
                each.first_told
                for each in judged
                if each.finding.kind == label.pattern.kind and meets(each.finding, label)
            ]
            if own:
                found[label.pattern] += 1
                delays[label.pattern].append(max(0, min(own) - label.start))
            elif told and label.pattern not in TOO_SHORT:
                print("missed", label, (label.end - label.start) / HOUR)
        for each in judged:
            finding = each.finding
            hits = [label for label in year.labels if meets(finding, label)]
            if any(label.pattern.kind == finding.kind for label in hits):
                continue
            (beside if hits else false)[finding.kind] += 1
            if told:
                print("beside" if hits else "false", finding)
    return {
        pattern: Tally(
            injected[pattern], found[pattern], false[pattern], beside[pattern], delays[pattern]
        )
        for pattern in Pattern
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=6, help="of each seed")
    parser.add_argument("--seed", type=int, action="append", help="repeatable; default: 101, 102")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--minutely", action="store_true", help="a reading a minute")
    parser.add_argument("--direct", action="store_true", help="without the engine")
    parser.add_argument("--tell", action="store_true", help="name every miss and false finding")
    given = parser.parse_args()
    if given.direct and given.minutely:
        parser.error("--direct reads 20-minute means, not minutes")
    seeds = given.seed or [101, 102]
    began = time.monotonic()
    years: list[tuple[SourceYear, list[Judged]]] = []
    for seed in seeds:
        simulated = list(simulate_years(seed, given.sources, given.days, minutely=given.minutely))
        judged = (
            {year.source_id: judge_directly(year) for year in simulated}
            if given.direct
            else judge(simulated)
        )
        years += [(year._replace(readings=[]), judged[year.source_id]) for year in simulated]
    spent = time.monotonic() - began
    source_years = len(years) * given.days / 365
    told = ", ".join(map(str, seeds))
    print(f"{len(years)} sources of {given.days} days, seeds {told}, {spent:.0f} s")
    print("| detector | put in | found | recall | false a source-year | beside | median delay |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    falsely = 0
    for pattern, each in tally(years, given.tell).items():
        recall = each.found / each.injected if each.injected else 0.0
        late = f"{median(each.delays) / HOUR:.0f} h" if each.delays else ""
        falsely += each.false
        counted = (
            ("", "") if pattern in TOO_SHORT else (f"{each.false / source_years:.2f}", each.beside)
        )
        print(
            f"| {pattern} | {each.injected} | {each.found} | {recall:.3f} | "
            f"{counted[0]} | {counted[1]} | {late} |"
        )
    print(f"false a source-year, all together: {falsely / source_years:.2f}")


if __name__ == "__main__":
    main()
