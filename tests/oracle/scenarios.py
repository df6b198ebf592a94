"""Seeded scenarios: registry, input and end, nasty but valid, small enough for the oracle."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from tests.oracle import scenario_input, scenario_notices, scenario_order, scenario_registry
from tests.oracle.scenario_input import HOUR, MINUTE, Entry


@dataclass(frozen=True)
class Scenario:
    """Texts of the two files and of ``--until``."""

    registry: str
    input: str
    until: str | None
    misplaced: frozenset[int] = frozenset()
    """Numbers of rows, from 1, that lie in a partition that is not their source's."""
    notices: str = ""
    """Text of what operators tell; empty: nothing."""

    def notice_file(self, directory: Path) -> Path | None:
        """Where the notices are that were written to a directory, if there are any."""
        return directory / "notices.yaml" if self.notices else None

    def write(self, directory: Path) -> tuple[Path, Path]:
        """The two files in a directory, and the notices if there are any."""
        directory.mkdir(parents=True, exist_ok=True)
        registry, readings = directory / "registry.yaml", directory / "input.csv"
        registry.write_text(self.registry, encoding="utf-8")
        readings.write_text(self.input, encoding="utf-8")
        notices = self.notice_file(directory)
        if notices is not None:
            notices.write_text(self.notices, encoding="utf-8")
        return registry, readings


def scenario(seed: int) -> Scenario:
    """The scenario of a seed; the same seed gives the same bytes."""
    rng, order = Random(f"scenario {seed}"), Random(f"order {seed}")
    zone, base = rng.choice(scenario_registry.PLACES)
    if order.random() < 0.15:
        zone, base = order.choice(scenario_order.NEW_YEARS)
    enterprises = [
        scenario_registry.enterprise(rng, number, base, zone)
        for number in range(rng.choice([1, 1, 2]))
    ]
    midnight = int(datetime.fromisoformat(base).replace(tzinfo=UTC).timestamp()) * 1000
    begin = midnight + rng.choice([0, 6 * HOUR, 12 * HOUR, 19 * HOUR, 20 * HOUR])
    sources = [source for owner in enterprises for source in owner["sources"]]
    for source in sources:
        scenario_order.amend(order, source, base)
    written = []
    for source in sources:
        if rng.random() > 0.1:
            written += scenario_input.rows(
                rng, source, begin + rng.choice([0, 0, HOUR, -30 * HOUR, 30 * HOUR, 50 * HOUR])
            )
    while not written:
        written = scenario_input.rows(rng, sources[0], begin)
    channels = {channel["parameter"] for source in sources for channel in source["channels"]}
    parameters = scenario_input.columns(written, channels)
    text = scenario_input.table(rng, written, parameters)
    return Scenario(
        registry=scenario_registry.text({"enterprises": enterprises}),
        input=text,
        until=_until(rng, [row["_start"] + row["period_s"] * 1000 for row in written], sources),
        misplaced=_misplaced(rng, len(written)),
        notices=_notices(seed, enterprises, begin),
    )


def _notices(seed: int, enterprises: list[Entry], begin: int) -> str:
    rng = Random(f"notices {seed}")
    if rng.random() < 0.5:
        return ""
    told = scenario_notices.notices(rng, enterprises, begin, scenario_input.written_time)
    return scenario_registry.text({"notices": told}) if told else ""


def _misplaced(rng: Random, rows: int) -> frozenset[int]:
    if rng.random() < 0.7:
        return frozenset()
    first = rng.randrange(rows)
    together = range(first, min(rows, first + rng.choice([1, 2, 40])))
    return frozenset(row + 1 for row in (*together, *rng.choices(range(rows), k=2)))


def _until(rng: Random, ends: list[int], sources: list[Entry]) -> str | None:
    if rng.random() < 0.25:
        return None
    periods = [period for source in sources for period in source.get("excused", ())]
    if periods and rng.random() < 0.1:
        moment = str(rng.choice(periods).get(rng.choice(["from", "to"]), ""))
        if "T" in moment:
            return moment
    real = sorted(ends)[len(ends) // 20 : -max(1, len(ends) // 20)] or sorted(ends)
    last = real[-1] if rng.random() < 0.6 else rng.choice(real)
    if rng.random() < 0.6:
        last -= last % (10 * MINUTE)
    after = rng.choice(
        [
            0,
            5,
            20,
            24.99,
            25,
            25.001,
            30,
            35,
            60,
            65,
            80,
            94.99,
            95,
            185,
            190,
            600,
            1445,
            1460,
            1500,
            5000,
        ]
    )
    return scenario_input.written_time(rng, last + int(after * MINUTE))


def main(arguments: list[str]) -> None:
    """``python -m tests.oracle.scenarios SEED DIR`` writes one scenario to look at."""
    made = scenario(int(arguments[0]))
    made.write(Path(arguments[1]))
    sys.stdout.write(f"--until {made.until}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
