"""The bytes of the state: a worker reads what every earlier worker of its form has written.

``golden/state.msgpack`` maps the keys of one state to their bytes. Write it again, with
``python -m tests.core.state.test_state_bytes``, only together with a new ``STATE_FORM``.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from streams.core.law.rule import RuleSet
from streams.core.registry.enterprise import Channel, Device, Enterprise, Verification
from streams.core.sources.history import RegistryHistory
from streams.core.state.hour_codec import decode_hour, encode_hour
from streams.core.state.obligations import decode_obligations, encode_obligations
from streams.core.state.source_state import SourceState
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.rules.load import load_rules
from tests.core.chain.stations import OWN, Station, registered_key
from tests.core.examples import (
    RULES,
    SO2,
    STANDARD,
    Log,
    connected,
    excused,
    fold,
    history,
    limit,
    local,
    reading,
    source,
)

GOLDEN = Path(__file__).parent / "golden" / "state.msgpack"
BEGIN = local("2026-04-01 20:00")

GOLDEN_RULES = ("KZ-30", "KZ-3H", "KZ-GAP", "KZ-VERIF", "KZ-YEAR", "US-PMA")
VERSIONED = RuleSet(
    "golden",
    tuple(each for each in (*RULES.rules, *load_rules("us").rules) if each.code in GOLDEN_RULES),
    msgspec.structs.replace(RULES.country, station=None),
)
"""Some of the rules under a version of their own: the state names it in what was published. The
country asks nothing of a station: what it lacks would be told in sentences, which may change."""


GAS = (
    Channel("TEMPERATURE", "K"),
    Channel("PRESSURE", "kPa"),
    Channel("H2O", "%"),
    Channel("FLOW", "m3/s"),
)
GAS_VALUES = {"TEMPERATURE": 293.15, "PRESSURE": 101.3, "H2O": 0.0, "FLOW": 31.7}


def registered() -> RegistryHistory:
    """A stack that transforms, one with two channels that lasts above its limit, a silent one.

    And one whose mass passes the limit of a year.
    """
    wet = Channel("SO2", "mg/m3", basis="wet", conditions=STANDARD, range=(0.0, 3000.0))
    transforming = source(
        "A",
        channels=(wet, Channel("H2O", "%", range=(0.0, 60.0)), Channel("FLOW", "m3/s")),
        limits=(limit(500.0, confidence_interval_pct=20.0), limit(9.0, unit="g/s")),
        stack_area_m2=4.5,
        devices=(Device("analyser", "SN-1", Verification("BA-1", "2026-03-01", "2026-04-02")),),
        excused=(excused("2026-04-01 22:10", "2026-04-01 23:00"),),
    )
    lasting = source("B", channels=(SO2, Channel("CO", "mg/m3", basis="dry")), cadence_s=1200)
    lapsed = (Device("analyser", "SN-3", Verification("BA-3", "2025-03-01", "2026-03-01")),)
    silent = source("C", devices=lapsed, keys=(registered_key("own", OWN),), signatures="require")
    weighed = source("D", channels=(SO2, *GAS), limits=(limit(0.1, unit="t/a"),))
    obliged: Enterprise = connected(transforming, lasting, silent, weighed, category=1)
    asm = msgspec.structs.replace(obliged.asm, software_sha256="a" * 64)
    return history(msgspec.structs.replace(obliged, asm=asm))


def written() -> Log:
    """Five days of everything that leaves something in a state."""
    log = Log().tick(BEGIN - HOUR)
    sent = []
    for number in range(4 * 6):
        at = BEGIN + number * 10 * MINUTE
        values = {"SO2": 1500.1 if number % 5 else -30.0, "H2O": 11.5, "FLOW": 31.7}
        item = reading(at, device_serial="SN-1" if number % 7 else "SN-2", values=values)
        sent.append((item.ends_at, item))
        if number == 4:
            sent.append((item.ends_at, item))
            other = msgspec.structs.replace(item, values={"SO2": 7.0})
            sent.append((item.ends_at + 3 * HOUR, other))
        if number == 9:
            stopped = reading(at + 10 * MINUTE, values=values, state="STOPPED")
            sent.append((item.ends_at + 10 * MINUTE, stopped))
    for number in range(5 * 72):
        at = BEGIN + number * 20 * MINUTE
        values = {"SO2": 1200.5} | ({"CO": 3.25} if number % 40 < 36 else {})
        if number == 330:
            values["CO"] = 1e300  # too large for the sums: kept beside them
        flags = {"CO": "D"} if number in (21, 321) else {}
        state = "STOPPED" if number == 340 else "NORMAL"  # late enough to be remembered
        item = reading(at, source_id="B", period_s=1200, values=values, flags=flags, state=state)
        if number == 345:
            other = msgspec.structs.replace(item, values={"SO2": 7.0})
            sent.append((item.ends_at + HOUR, other))
        if number != 300:
            sent.append((item.ends_at + (2 * HOUR if number in (7, 310) else 0), item))
    silent = [
        reading(at, source_id="C", device_serial="SN-3", values={"SO2": 2500.0})
        for at in range(BEGIN + DAY * 3, BEGIN + DAY * 3 + 40 * MINUTE, 10 * MINUTE)
    ]
    signed = Station(BEGIN + DAY * 3, "C").sign(silent)
    # The last message that the head covers does not come.
    sent += [(item.ends_at, item) for item in silent[:3]]
    for at in (BEGIN, BEGIN + 10 * MINUTE, BEGIN + 108 * HOUR):
        item = reading(at, source_id="D", values={"SO2": 2500.1, **GAS_VALUES})
        sent.append((item.ends_at, item))
    headers = {
        each.reading.measured_at: (*each.headers, ("software", b"b" * 64)) for each in signed
    }
    for arrival, item in sorted(sent, key=lambda each: each[0]):
        log.add(item, arrival, headers[item.measured_at] if item.source_id == "C" else ())
    return log.raw(BEGIN + 5 * DAY, b"\x01junk").tick(BEGIN + 5 * DAY + 7 * MINUTE)


def made() -> dict[str, bytes]:
    """The state after the log."""
    log = written()
    found = fold(log, registered(), range(50, len(log.records), 50), rules=VERSIONED)
    return found.state


def comparable(key: str, value: bytes) -> object:
    """The bytes; of a source by field, with the members of its one set in order."""
    if not key.startswith("0/source/"):
        return value
    fields = msgspec.msgpack.decode(value, type=list[msgspec.Raw])
    at = SourceState.__struct_fields__.index("truncated")
    trimmed = sorted(msgspec.msgpack.decode(fields[at], type=list[str]))
    return (
        [bytes(each) for each in fields[:at]],
        trimmed,
        [bytes(each) for each in fields[at + 1 :]],
    )


def test_the_state_of_a_log_has_the_bytes_it_always_had() -> None:
    expected = msgspec.msgpack.decode(GOLDEN.read_bytes(), type=dict[str, bytes])
    found = made()
    assert found.keys() == expected.keys()
    differ = [key for key in found if comparable(key, found[key]) != comparable(key, expected[key])]
    assert differ == []


def test_the_saved_bytes_are_read_and_written_back_unchanged() -> None:
    for key, value in msgspec.msgpack.decode(GOLDEN.read_bytes(), type=dict[str, bytes]).items():
        if key.startswith("0/hour/"):
            assert encode_hour(decode_hour(value)) == value
        elif key.startswith("0/source/"):
            again = msgspec.msgpack.encode(msgspec.msgpack.decode(value, type=SourceState))
            assert comparable(key, again) == comparable(key, value)
        elif key.startswith("0/enterprise/"):
            assert encode_obligations(decode_obligations(value)) == value


def test_the_saved_bytes_have_an_example_of_everything_that_is_saved() -> None:
    saved = msgspec.msgpack.decode(GOLDEN.read_bytes(), type=dict[str, bytes])
    heads = [
        msgspec.msgpack.decode(value, type=SourceState)
        for key, value in saved.items()
        if key.startswith("0/source/")
    ]
    empty = SourceState()
    for name in SourceState.__struct_fields__:
        assert any(getattr(head, name) != getattr(empty, name) for head in heads), name
    hours = [decode_hour(value) for key, value in saved.items() if key.startswith("0/hour/")]
    slots = [slot for hour in hours for slot in hour.slots.values()]
    assert any(hour.run_windows for hour in hours)
    assert any(hour.published for hour in hours)
    assert any(hour.counted for hour in hours)
    assert any(any(slot.late) for slot in slots)
    assert any(slot.devices for slot in slots)
    pieces = [piece for slot in slots for piece in slot.series_sums]
    assert any(piece.codes for piece in pieces)
    assert any(piece.overflow for piece in pieces)


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_bytes(msgspec.msgpack.encode(made()))
