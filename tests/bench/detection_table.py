"""The latencies of detection as a table, a document and bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.data import NATIONAL
from tests.bench.detection_load import Plan
from tests.bench.detection_run import Measured, Sample, Work
from tests.bench.plot import Bar

GOALS: Final = {"topic": 1.0, "ClickHouse": 3.0}
"""Of the 99th percentile at national load, seconds."""
SAID: Final = {
    "judged": "judged, and with the producer",
    "topic": "readable in the topic",
    "ClickHouse": "readable in ClickHouse",
}
ALL: Final = "every violation"


class Latency(NamedTuple):
    """Of some samples, in seconds."""

    samples: int
    p50: float
    p99: float
    most: float


def latency(seconds: Sequence[float]) -> Latency:
    """The figures of some; there must be one. A percentile is the nearest rank at or above it."""
    ordered = sorted(seconds)

    def rank(share: float) -> float:
        return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]

    return Latency(len(ordered), rank(0.5), rank(0.99), ordered[-1])


def latencies(samples: Sequence[Sample]) -> dict[str, dict[str, Latency]]:
    """By what brought the violations, and of all together: each stage."""
    kinds = {kind: [s for s in samples if s.kind == kind] for kind in _kinds(samples)}
    if len(kinds) > 1:
        kinds[ALL] = list(samples)
    return {kind: _stages(some) for kind, some in kinds.items()}


def _kinds(samples: Sequence[Sample]) -> list[str]:
    return sorted({sample.kind for sample in samples})


def _stages(samples: Sequence[Sample]) -> dict[str, Latency]:
    stages = {
        "judged": [sample.judged_s for sample in samples],
        "topic": [sample.topic_s for sample in samples],
        "ClickHouse": [sample.stored_s for sample in samples if sample.stored_s is not None],
    }
    return {name: latency(seconds) for name, seconds in stages.items() if seconds}


def goals(found: Mapping[str, Mapping[str, Latency]]) -> dict[str, bool]:
    """Whether each goal is met by every kind of violation; it is not where there are none."""
    return {
        stage: bool(found)
        and all(stage in stages and stages[stage].p99 <= most for stages in found.values())
        for stage, most in GOALS.items()
    }


def show(console: Console, plan: Plan, measured: Measured) -> None:
    """Print the latencies, what the bench itself took, and how the goals stand."""
    found = latencies(measured.samples)
    moments = len({sample.moment for sample in measured.samples})
    console.print(
        f"\n{plan.name}: {plan.per_second:.1f} readings a second of {plan.sources:,} sources, "
        f"{len(measured.samples):,} violations at {moments} moments, in {measured.took_s:.0f} s"
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("seconds from arrival", "until it is"):
        table.add_column(column, no_wrap=True)
    for column in ("violations", "p50", "p99", "most"):
        table.add_column(column, justify="right", no_wrap=True)
    for kind, stages in found.items():
        for name, stage in stages.items():
            first = name == next(iter(stages))
            figures = (f"{seconds:.2f}" for seconds in (stage.p50, stage.p99, stage.most))
            table.add_row(kind if first else "", SAID[name], f"{stage.samples:,}", *figures)
    console.print(table)
    for what, taken in (
        ("the broker confirmed a record", measured.appended_s),
        ("the bench sent a record later than due", measured.behind_s),
    ):
        own = latency(taken)
        console.print(f"{what}: p50 {own.p50 * 1000:.1f} ms, p99 {own.p99 * 1000:.1f} ms")
    for name in Work._fields:
        spent = latency([getattr(work, name) for work in measured.cpu_s])
        console.print(
            f"{name} worker, processor time a slice: {spent.p50:.2f} to {spent.most:.2f} s"
        )
    held = plan.name == NATIONAL.name
    for goal, met in goals(found).items():
        worst = max((stages[goal].p99 for stages in found.values() if goal in stages), default=0.0)
        said = f"{goal}, p99 of the worst kind: {worst:.2f} s"
        if held:
            said += f", goal {GOALS[goal]:g} s: {'met' if met else 'NOT met'}"
        console.print(said, style="green" if met else "yellow" if held else None)
    for lost in measured.missing[:10]:
        console.print(f"missing: {lost}", style="red")


def document(plan: Plan, measured: Measured) -> dict[str, object]:
    """The same for JSON, every sample included."""
    found = latencies(measured.samples)
    return {
        "plan": plan._asdict(),
        "readings_per_s": plan.per_second,
        "latencies": {
            kind: {name: stage._asdict() for name, stage in stages.items()}
            for kind, stages in found.items()
        },
        "confirmed": latency(measured.appended_s)._asdict(),
        "behind": latency(measured.behind_s)._asdict(),
        "goals": {
            stage: {"p99_s": GOALS[stage], "met": met} for stage, met in goals(found).items()
        },
        "missing": measured.missing,
        "took_s": measured.took_s,
        "samples": [sample._asdict() for sample in measured.samples],
    }


def bars(measured: Measured) -> list[Bar]:
    """The median of each kind and stage, with a whisker to its 99th percentile."""
    return [
        Bar(
            f"{kind}: {name}",
            stage.p50,
            stage.p50,
            stage.p99,
            ours=name == "topic",
            label=f"{stage.p50:.2f}, p99 {stage.p99:.2f}",
        )
        for kind, stages in latencies(measured.samples).items()
        for name, stage in stages.items()
        if name != "judged"
    ]
