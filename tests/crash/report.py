"""What a run of rounds says: a line a round, and the report at the end."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.crash.plan import Plan
from tests.crash.results import Difference, Results

_NAMED: Final = 6  # so many sentences of a difference are told


def progress_line(plan: Plan, difference: Difference | None, seconds: float) -> str:
    """One round: how to repeat it, what was done, how it came out."""
    done = "; ".join(map(repr, plan.faults)) or "nothing"
    again = "; everything again" if plan.replay else ""
    result = "ok" if difference is None else "DIFFERS"
    line = f"{result} --seed {plan.seed} --round {plan.number} ({seconds:.0f} s): {done}{again}\n"
    if difference is not None:
        first, rest = difference.sentences[:_NAMED], difference.sentences[_NAMED:]
        line += "".join(f"    {sentence[:300]}\n" for sentence in first)
        line += f"    and {len(rest)} more; kept in {difference.kept}\n"
    return line


def as_json(results: Results) -> str:
    """Everything, as one object."""
    return json.dumps(dataclasses.asdict(results), ensure_ascii=False, indent=2) + "\n"


def as_table(results: Results) -> str:
    """For people."""
    table = Table("what", "count", title="crash rounds")
    for name in ("rounds", "messages", "readings"):
        table.add_row(name, f"{getattr(results, name):,}")
    table.add_row("seconds", f"{results.seconds:.0f}")
    table.add_section()
    for name, count in sorted(results.kills.items()):
        table.add_row(f"kill -9: {name}", str(count))
    table.add_row("kill -9, all", str(results.kills.total()))
    for title, counts in (
        ("", results.other),
        ("ended by itself: ", results.ended),
        ("point not reached: ", results.unreached),
    ):
        table.add_section()
        for name, count in sorted(counts.items()):
            table.add_row(f"{title}{name}", str(count))
    for partition, seconds in sorted(results.longest_pause_s.items()):
        table.add_row(
            f"upgrade: longest without a commit, partition {partition}", f"{seconds:.1f} s"
        )
    table.add_section()
    table.add_row("differences", str(len(results.differences)))
    text = io.StringIO()
    Console(file=text, width=100).print(table)
    for each in results.differences:
        text.write(
            f"--seed {each.seed} --round {each.round}: {each.sentences[0][:150]} ({each.kept})\n"
        )
    return text.getvalue()
