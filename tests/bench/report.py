"""What came out, as a table for people and as a document for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.broker import Broker
from tests.bench.comparison import Compared, Verdict
from tests.bench.contest import CEILINGS, Contest
from tests.bench.figures import Figure, figures
from tests.bench.goals import goals
from tests.bench.ours import NAME


def show(console: Console, contest: Contest) -> None:
    """The table of one load, what peers leave out, where they differ, and the goals."""
    found, load = figures(contest.runs), contest.filled.load
    console.print(
        f"\n{load.name}: {contest.filled.readings:,} readings of {load.sources:,} sources, "
        f"{contest.written.means:,} means, {contest.written.violations:,} violations",
        highlight=False,
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for column in ("readings/s", "min … max", "µs cpu", "peak MB", "of decoding", "ours is"):
        table.add_column(column, justify="right", no_wrap=True)
    decoding, ours = found.get(CEILINGS["fastavro"]), found.get(NAME)
    for name, figure in found.items():
        verdict = contest.verdicts.get(name)
        table.add_row(
            title(figure),
            f"{figure.per_second.median:,.0f}",
            f"{figure.per_second.least:,.0f} … {figure.per_second.most:,.0f}",
            f"{figure.cpu_us.median:.1f}",
            f"{figure.peak_rss / 1e6:,.0f}",
            _share(figure, decoding),
            f"{_share(ours, figure)} x" if ours is not None and verdict is not None else "",
            style=_style(name, verdict),
        )
    console.print(table)
    for name, why in contest.failures.items():
        console.print(f"failed: {why}" if name in why else f"failed: {name}: {why}", style="red")
    _details(console, contest, found)
    for goal in goals(found, contest.verdicts):
        console.print(goal.sentence(), style="green" if goal.met else "yellow")


def title(figure: Figure) -> str:
    """The name of a contestant and, of a peer, its version; its name in the table and the plot."""
    more = figure.runs[0].more
    if "name" not in more:
        return figure.name
    return f"{more['name']} {more.get('version', '')}".strip()


def document(
    broker: Broker, contests: Mapping[str, Contest], peak_broker: int
) -> dict[str, object]:
    """Everything that was measured, for JSON; seconds and bytes."""
    return {
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "broker": broker.name,
            "broker_peak_rss": peak_broker,
        },
        "loads": {name: _load(contest) for name, contest in contests.items()},
    }


def _load(contest: Contest) -> dict[str, object]:
    found = figures(contest.runs)
    return {
        "load": contest.filled.load._asdict(),
        "readings": contest.filled.readings,
        "value_bytes": contest.filled.value_bytes,
        "partitions": contest.filled.settings.partitions,
        "means": contest.written.means,
        "violations": contest.written.violations,
        "figures": {
            name: {
                "title": title(figure),
                "readings_per_s": figure.per_second._asdict(),
                "cpu_us": figure.cpu_us._asdict(),
                "peak_rss": figure.peak_rss,
                "runs": [asdict(run) for run in figure.runs],
            }
            for name, figure in found.items()
        },
        "failures": contest.failures,
        "comparison": {
            name: {
                "agrees": verdict.agrees,
                "means": verdict.means._asdict(),
                "violations": verdict.violations._asdict(),
            }
            for name, verdict in contest.verdicts.items()
        },
        "goals": [{**goal._asdict(), "met": goal.met} for goal in goals(found, contest.verdicts)],
    }


def _share(one: Figure | None, other: Figure | None) -> str:
    if one is None or other is None:
        return ""
    return f"{one.per_second.median / other.per_second.median:.2f}"


def _style(name: str, verdict: Verdict | None) -> str | None:
    if name == NAME:
        return "bold"
    return "red" if verdict is not None and not verdict.agrees else None


def _counts(compared: Compared) -> str:
    parts = [f"{compared.equal:,} equal"]
    for name in ("revised", "different", "absent", "extra"):
        count = getattr(compared, name)
        if count:
            parts.append(f"{count:,} {name}")
    return ", ".join(parts)


def _details(console: Console, contest: Contest, found: Mapping[str, Figure]) -> None:
    """How each peer's results compare, examples of where they differ, and what it leaves out."""
    left_out = {name: _left_out(found[name]) for name in contest.verdicts}
    common = [
        part
        for part in dict.fromkeys(part for parts in left_out.values() for part in parts)
        if all(part in parts for parts in left_out.values())
    ]
    for name, verdict in contest.verdicts.items():
        same = "found the same" if verdict.agrees else "did NOT do the same job"
        console.print(
            f"{title(found[name])} {same}: means {_counts(verdict.means)}; "
            f"violations {_counts(verdict.violations)}",
            style=None if verdict.agrees else "red",
        )
        for example in (*verdict.means.examples, *verdict.violations.examples):
            console.print(f"  {example}", style="red")
        own = [part for part in left_out[name] if part not in common]
        if own:
            console.print(f"  of its own it leaves out: {'; '.join(own)}")
    if common:
        console.print(f"every peer leaves out: {'; '.join(common)}")


def _left_out(figure: Figure) -> list[str]:
    missing = figure.runs[-1].more.get("parts_missing")
    return list(map(str, missing)) if isinstance(missing, list) else []
