"""The recipe of concepts/evidence gives the hashes that the pipeline publishes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emissions.replay.message_buffer import messages_of
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.core.evidence.merkle import leaf_hash, root_of
from streams.core.evidence.recompute import EvidenceRecomputer
from streams.core.records.findings import Proof
from streams.core.time.local_clock import clock
from tests.docs.test_own_csv import rows

DOCS = Path(__file__).parents[2] / "docs"
Messages = Iterable[tuple[int, int, bytes]]
START = 1_777_869_600_000  # 2026-05-04T04:40:00Z, where the run of the example begins


def shown(name: str) -> Any:
    """A function that the page shows."""
    page = (DOCS / "concepts" / "evidence.md").read_text("utf-8")
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)  # noqa: S102 - what the page tells people to run
    return names[name]


def recipe() -> Callable[[Messages], tuple[int, str]]:
    """The function for the evidence of a violation."""
    found: Callable[[Messages], tuple[int, str]] = shown("evidence")
    return found


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=40))
def test_recipe_of_a_root_agrees_with_the_tree(values: list[bytes]) -> None:
    assert shown("root")(values) == root_of(map(leaf_hash, values))


def test_recipe_finds_the_hash_of_the_example() -> None:
    page = (DOCS / "getting-started" / "read-a-violation.md").read_text("utf-8")
    (sha256,) = re.findall(r'"sha256": "([0-9a-f]{64})"', page)
    own = [row for row in rows() if row.reading.source_id == "BOILER-1"]
    messages = zip(own, messages_of(own, Codec(FileIds())), strict=True)
    inside = [
        (row.reading.measured_at, row.reading.period_s, message.value)
        for row, message in messages
        if START <= row.reading.measured_at < START + 12 * 1_200_000
    ]
    assert recipe()(inside) == (12, sha256)


@given(st.lists(st.tuples(st.integers(0, 59), st.binary(max_size=9)), min_size=1))
def test_recipe_agrees_with_the_audit(sent: list[tuple[int, bytes]]) -> None:
    claimed = Proof("readings", 0, 0, len(sent), 0, "")
    audit = EvidenceRecomputer(claimed, START, START + 3_600_000)
    messages = [(START + minute * 60_000, 60, raw) for minute, raw in sent]
    for offset, (measured_at, period_s, raw) in enumerate(messages):
        reading = Reading("S", measured_at, period_s, "NORMAL", None, {}, {})
        audit.add(offset, reading, clock("Asia/Almaty"), raw)
    proof = audit.proof()
    assert recipe()(messages) == (proof.readings, proof.sha256)
