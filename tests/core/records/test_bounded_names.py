"""What a message makes up - flags, devices - is counted, and never makes the state too long."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.law.quality_codes import STATUS_OTHER, made_up_status
from streams.core.records.bounded_names import (
    FLAG_CHARACTERS,
    MOST_NAMES,
    NAME_CHARACTERS,
    count_name,
)
from streams.core.time.interval import HOUR
from tests.core.examples import Log, connected, fold, local, quiet, reading, source

MARCH = local("2026-03-10 08:00")
CODES = st.one_of(
    st.integers(0, 60).map(lambda number: f"STATUS_made up {number:02d}"),
    st.sampled_from(["STATUS_F", "STATUS_C", "NOT_FINITE", "STATE_STOPPED", "ZEROED"]),
)


def counted(names: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        count_name(counts, name, rest=STATUS_OTHER, may_go=made_up_status)
    return counts


@given(st.lists(CODES, max_size=300), st.randoms(use_true_random=False))
def test_names_are_counted_alike_in_any_order(names: list[str], chance: object) -> None:
    shuffled = sorted(names, key=lambda _: chance.random())  # type: ignore[attr-defined]
    found = counted(names)
    assert found == counted(shuffled)
    assert len(found) <= MOST_NAMES
    assert sum(found.values()) == len(names)
    exact = Counter(names)
    assert all(exact[name] == times for name, times in found.items() if name != STATUS_OTHER)
    assert all(name in found for name in exact if not made_up_status(name))


def test_few_names_are_counted_as_they_are() -> None:
    names = [f"STATUS_{number}" for number in range(MOST_NAMES)]
    assert counted(names) == dict.fromkeys(names, 1)


@pytest.mark.parametrize("cadence_s", [1, 60])
def test_an_hour_of_made_up_flags_and_devices_stays_short(cadence_s: int) -> None:
    log = Log()
    for number in range(3600 // cadence_s):
        made_up = f"{number:04d}" * 5_000
        log.add(
            reading(
                MARCH + number * cadence_s * 1000,
                period_s=cadence_s,
                flags={"SO2": made_up},
                device_serial=made_up,
            )
        )
    registry = connected(source(cadence_s=cadence_s))
    found = fold(quiet(log), registry)
    assert found.used == 3600 // cadence_s
    assert max(len(value) for value in found.state.values()) < 400_000
    hour = found.mean("1h", MARCH)
    assert sum(hour.seconds_by_code.values()) == 3600
    assert all(len(code) <= len("STATUS_") + FLAG_CHARACTERS for code in hour.seconds_by_code)
    assert max(len(msgspec.msgpack.encode(mean)) for mean in found.means) < 100_000


def test_a_long_device_is_named_by_its_beginning() -> None:
    log = Log()
    for number in range(3):
        log.add(reading(MARCH + number * 600_000, values={"SO2": 5000.0}, device_serial="S" * 999))
    found = fold(quiet(log, HOUR), connected(source(channels=_unlimited())))
    serials = {violation.device_serial for violation in found.standing("KZ-30")}
    assert serials == {"S" * (NAME_CHARACTERS - 1) + "…"}


def _unlimited() -> tuple[object, ...]:
    (channel,) = source().channels
    return (msgspec.structs.replace(channel, range=None),)
