"""Whatever is found in a simulated nation is explained, and equal to what was published."""

from __future__ import annotations

from functools import cache

import pytest

from emissions.simulation.nation import Nation
from streams.core.explanation.explain import explain_gap, explain_mean, explain_violation
from streams.core.sources.history import RegistryHistory
from tests.core.examples import proof
from tests.core.explanation.stored import CODEC, WIRE, Stored
from tests.emissions.simulation.judged import PARTITIONS, logs


@cache
def nation(seed: int) -> list[Stored]:
    made = Nation(seed=seed, enterprises=6)
    registry = RegistryHistory()
    for number, enterprise in enumerate(made.enterprises):
        registry.add(made.start, enterprise.bin, enterprise, proof(number))
    return [
        Stored(registry, log, partition=partition, partitions=PARTITIONS)
        for partition, log in enumerate(logs(made, CODEC))
    ]


pytestmark = pytest.mark.slow

SEEDS = (6, 8)  # in which, between them, every rule of a source is broken


def everything() -> list[Stored]:
    return [stored for seed in SEEDS for stored in nation(seed)]


def test_every_violation_is_equal() -> None:
    rules = set()
    for stored in everything():
        for identity in dict.fromkeys(each.id for each in stored.violations):
            for kept in (slice(None), slice(-1, None)):  # all revisions, or merged away
                found = explain_violation(stored.of_violation(identity, kept), WIRE, identity, "en")
                assert found.equal, (found.differences, stored.of_violation(identity).violations)
                assert not found.notes
                last = stored.of_violation(identity).violations[-1].revision
                assert list(found.nodes["violation.revisions"].children)[-1].endswith(f".{last}")
            rules.add(found.nodes["violation.rule"].value)
    assert {"KZ-DAY", "KZ-30", "KZ-3H", "KZ-GS", "KZ-NOASM"} <= rules


def test_gaps_are_equal() -> None:
    for stored in everything():
        for identity in list(dict.fromkeys(each.id for each in stored.gaps))[::8]:
            found = explain_gap(stored.of_gap(identity), WIRE, identity, "ru")
            assert found.equal, (found.differences, stored.of_gap(identity).gaps)


@pytest.mark.parametrize("window", ["20min", "30min", "1h", "day"])
def test_means_are_equal(window: str) -> None:
    for stored in everything():
        chosen = [each for each in stored.means if each.window == window]
        for mean in chosen[:: max(1, len(chosen) // 15)]:
            key = mean.source_id, mean.parameter, mean.unit, mean.window, mean.start
            found = explain_mean(stored.of_mean(key), WIRE, key, "kk")
            assert found.equal, (found.differences, mean)
