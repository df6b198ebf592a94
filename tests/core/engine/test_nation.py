"""Many sources whose windows close together: what is found of them does not depend on the batch."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from emissions.replay.export import write_export
from schemas.reading import Reading
from streams.core.records.findings import DataGap, Violation, WindowMean
from streams.core.registry.enterprise import Asm, Enterprise
from streams.core.sources.source import compile_sources
from streams.core.time.interval import HOUR, MINUTE
from tests.core import stacks
from tests.core.engine.test_partition import final, ledger_is_whole
from tests.core.examples import Found, Log, fold
from tests.oracle import clock, compare, export, scenario_input, scenario_registry
from tests.oracle.calculate import calculate
from tests.oracle.scenarios import Scenario
from tests.support import core_run

SOURCES = 12
HOURS = 3
BEGIN = stacks.BEGIN - HOUR
"""An hour before limits, verifications and the day change."""


def nation(rng: Random) -> tuple[Enterprise, Log]:
    """Sources of one cadence, and a log of all of them with defects, repeats and late readings."""
    works = msgspec.structs.replace(stacks.works(rng, SOURCES), asm=Asm("2020-01-01", "2026-03-31"))
    sent: list[tuple[int, Reading]] = []
    for entry in compile_sources(works):
        names = [channel.parameter for channel in entry.source.channels]
        silent = rng.randrange(HOURS * 6)
        for number in range(HOURS * 6):
            if rng.random() < 0.02 or silent <= number < silent + rng.choice((0, 4)):
                continue
            carried = [name for name in names if rng.random() < 0.98]
            known: dict[str, float] = {}
            for name in sorted(carried):
                known[name] = stacks.value(rng, name, entry, known)
            item = Reading(
                entry.id,
                BEGIN + number * 10 * MINUTE,
                stacks.PERIOD_S,
                rng.choice(("NORMAL",) * 30 + ("STOPPED", "STARTUP")),
                rng.choice((None, "SN-1", "SN-1", "SN-2")),
                {name: known[name] for name in carried},
                {rng.choice(names): rng.choice("NDC")} if rng.random() < 0.05 else {},
            )
            delay = rng.choice((0,) * 12 + (MINUTE, 20 * MINUTE, 90 * MINUTE))
            sent.append((item.ends_at + delay, item))
            if rng.random() < 0.03:
                sent.append((item.ends_at + 2 * delay, item))
                changed = msgspec.structs.replace(item, values={"SO2": -1.5})
                sent.append((item.ends_at + delay + HOUR, changed))
    log = Log().tick(BEGIN)
    for arrival, item in sorted(sent, key=lambda each: each[0]):
        log.add(item, arrival)
        if rng.random() < 0.01:
            log.raw(arrival, b"\x01junk")
    return works, log.tick(BEGIN + 30 * HOUR)


def said(found: Found) -> Any:
    """All that does not depend on when a batch ends."""
    changed = found.last_gaps | found.last_violations
    return (
        {identity: msgspec.json.encode(each) for identity, each in changed.items()},
        [msgspec.json.encode(msgspec.structs.asdict(each)) for each in found.dead_letters],
        (found.used, found.duplicates, found.ticks),
        final(found),
    )


@pytest.mark.parametrize("seed", range(2))
def test_a_nation_is_judged_alike_for_any_batch_size_and_with_new_engines(seed: int) -> None:
    works, log = nation(Random(f"nation {seed}"))
    whole = fold(log, works)
    assert ledger_is_whole(whole, log)
    assert len({mean.source_id for mean in whole.means}) == SOURCES
    assert whole.gaps
    assert whole.violations
    revisions: dict[Any, bytes] = {}
    count = len(log.records)
    for size, rebuilt in ((1, False), (7, False), (40, True)):
        found = fold(log, works, range(size, count, size), rebuilt=rebuilt)
        assert said(found) == said(whole)
        for part in (whole, found):
            published: list[WindowMean | DataGap | Violation] = [*part.means, *part.gaps]
            for each in (*published, *part.violations):
                encoded = msgspec.json.encode(each)
                assert revisions.setdefault(_revision(each), encoded) == encoded


def _revision(found: WindowMean | DataGap | Violation) -> tuple[object, ...]:
    if not isinstance(found, WindowMean):
        return found.id, found.revision
    mean = found
    return mean.source_id, mean.parameter, mean.unit, mean.window, mean.start, mean.revision


def together(seed: int) -> Scenario:
    """Many sources of one place and cadence, written like those of the other scenarios."""
    rng = Random(f"together {seed}")
    zone, base = rng.choice(scenario_registry.PLACES)
    enterprises = []
    for number in range(7):
        entry = scenario_registry.enterprise(rng, number, base, zone)
        entry.pop("test", None)
        entry["commissioned_on"] = "2009-05-01"
        identities = [f"S{number}-{index}" for index in range(2)]
        entry["sources"] = [
            scenario_registry.source(rng, identity, base, zone) for identity in identities
        ]
        enterprises.append(entry)
    sources = [source for entry in enterprises for source in entry["sources"]]
    begin = clock.timestamp(f"{base}T00:00:00Z") - 4 * HOUR
    written: list[dict[str, Any]] = []
    for source in sources:
        source["cadence_s"] = 600
        source["timezone"] = zone
        rows = scenario_input.rows(rng, source, begin)
        written += [row for row in rows if row["_start"] < begin + 9 * HOUR]
    channels = {channel["parameter"] for source in sources for channel in source["channels"]}
    parameters = scenario_input.columns(written, channels)
    text = scenario_input.table(rng, written, parameters)
    return Scenario(scenario_registry.text({"enterprises": enterprises}), text, None)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_nation_agrees_with_the_oracle(seed: int, tmp_path: Path) -> None:
    made = together(seed)
    registry, readings = made.write(tmp_path)
    wanted = calculate(registry, readings, made.until, now=core_run.NOW)
    export.write(wanted, tmp_path / "wanted")
    size, restart = ((500, False), (60, True))[seed - 1]
    found = core_run.run(
        registry, readings, None, partitions=1, cut=core_run.by(size), restart=restart
    )
    write_export(found, tmp_path / "got")
    assert len({row["source_id"] for row in wanted.means}) >= 12
    assert compare.directories(tmp_path / "wanted", tmp_path / "got") == []
