"""Hostile registrations: none may stop a worker, or take a good enterprise out of the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from emissions.simulation.fake_ids import fake_bin
from schemas.codec import Codec
from streams.core.registry.enterprise import Enterprise
from streams.registry.avro import RECORD, enterprise_to_record
from tests.fuzz.hostile import TEXTS

Record = dict[str, Any]
Change = Callable[[Record], None]

OTHER: Final = fake_bin(900)
"""An enterprise whose registrations are sound in form and absurd in content."""


class Registration(NamedTuple):
    """A record of the registry topic."""

    name: str
    key: bytes | None
    value: bytes | None
    timestamp: int


def _at(*path: str | int, to: object) -> Change:
    """A change of one place of the record."""

    def change(record: Record) -> None:
        place: Any = record
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


def _repeated(*path: str | int, times: int) -> Change:
    def change(record: Record) -> None:
        place: Any = record
        for step in path:
            place = place[step]
        place[:] = place[:1] * times

    return change


_SOURCE = ("sources", 0)

ABSURD: Final[dict[str, Change]] = {
    **{f"a date {text!r}": _at("commissioned_on", to=text) for text in (
        "0000-00-00", "0001-01-01", "0001-01-02", "9999-12-31", "9999-12-31T23:59:59-14:00",
        "2026-02-30", "", "\x00", "now", "1e18",
    )},
    "connected in year 1": _at("asm", "connected_on", to="0001-01-02"),
    "connected in year 9999": _at("asm", "connected_on", to="9999-12-31T23:59:59-14:00"),
    "installed in year 9999": _at("asm", "installed_on", to="9999-12-31"),
    "a road map until 9999": _at(
        "roadmap", to={"until": "9999-12-31T23:59:59-14:00", "reference": ""}
    ),
    "no check digit": _at("bin", to="990140001234"),
    "a category that is none": _at("category", to=(1 << 31) - 1),
    "a zone that is a path": _at(*_SOURCE, "timezone", to="../../../../etc/passwd"),
    "a cadence of nothing": _at(*_SOURCE, "cadence_s", to=0),
    "a negative cadence": _at(*_SOURCE, "cadence_s", to=-60),
    "an empty source": _at(*_SOURCE, "id", to=""),
    **{f"a source {text[:12]!r}": _at(*_SOURCE, "id", to=text.decode(errors="replace"))
       for text in TEXTS},
    **{f"a limit of {value}": _at(*_SOURCE, "limits", 0, "value", to=value)
       for value in (0.0, -1.0, float("nan"), float("inf"), 5e-324, 1.7e308)},
    **{f"a confidence of {value}": _at(*_SOURCE, "limits", 0, "confidence_interval_pct", to=value)
       for value in (float("nan"), -1.0, 1.7e308)},
    **{f"a reference of {value} K": _at(
        *_SOURCE, "limits", 0, "reference", "temperature_k", to=value)
       for value in (0.0, float("nan"), 5e-324, 1.7e308)},
    "a reference of 21 % oxygen": _at(*_SOURCE, "limits", 0, "reference", "o2_pct", to=21.0),
    **{f"a stack of {value} m2": _at(*_SOURCE, "stack_area_m2", to=value)
       for value in (0.0, float("inf"), 5e-324, 1.7e308)},
    "a range upside down": _at(*_SOURCE, "channels", 0, "range", to=[3000.0, 0.0]),
    "a range of everything": _at(*_SOURCE, "channels", 0, "range", to=[-1.7e308, 1.7e308]),
    "a range of NaN": _at(*_SOURCE, "channels", 0, "range", to=[float("nan"), 1.0]),
    "excused for ever": _at(*_SOURCE, "excused", to=[
        {"from": None, "to": None, "kind": "", "notified_at": None}]),
    "excused until year 9999": _at(*_SOURCE, "excused", to=[
        {"from": "0001-01-02", "to": "9999-12-31", "kind": "", "notified_at": None}]),
    "1 000 times one source": _repeated("sources", times=1_000),
    "1 000 times one device": _repeated(*_SOURCE, "devices", times=1_000),
    "1 000 times one excused period": _repeated(*_SOURCE, "excused", times=1_000),
    "a name of half a megabyte": _at("name", "ru", to="Я" * (1 << 18)),
    "a device of half a megabyte": _at(*_SOURCE, "devices", 0, "serial", to="S" * (1 << 19)),
}  # fmt: skip
"""Changes of a sound record that Avro can still write; most of them the registry refuses."""


def absurd(good: Enterprise) -> Iterator[tuple[str, Record]]:
    """Registrations of `OTHER` by the name of what is absurd in them, with sources of its own."""
    for number, (name, change) in enumerate(ABSURD.items()):
        sources = tuple(
            msgspec.structs.replace(source, id=f"KZ-90{number:02d}-{at:02d}")
            for at, source in enumerate(good.sources)
        )
        record = enterprise_to_record(msgspec.structs.replace(good, bin=OTHER, sources=sources))
        # A deep copy: structs that enterprises share must not be changed for all.
        record = msgspec.msgpack.decode(msgspec.msgpack.encode(record))
        change(record)
        yield name, record


def hostile(good: list[Enterprise], codec: Codec) -> Iterator[Registration]:
    """What an attacker writes before the good registrations come."""
    first = good[0]
    key = first.bin.encode()
    sound = codec.encode(RECORD, enterprise_to_record(first))
    tick = codec.encode("StreamTick", {"sent_at": 0})
    test = codec.encode(RECORD, enterprise_to_record(msgspec.structs.replace(first, test=True)))
    yield Registration("garbage", key, b"\xff" * 100, 0)
    yield Registration("nothing", key, b"", 0)
    yield Registration("a tick", key, tick, 0)
    for size in range(0, len(sound), max(1, len(sound) // 40)):
        yield Registration(f"{size} bytes of it", key, sound[:size], 0)
    yield Registration("something behind it", key, sound + b"\x00", 0)
    yield Registration("the key of another", good[1].bin.encode(), sound, 0)
    yield Registration("no key", None, sound, 0)
    yield Registration("no key and no value", None, None, 0)
    for text in TEXTS:
        yield Registration("an unknown enterprise struck off", text, None, 0)
    yield Registration("a test stream from the future", key, test, (1 << 63) - 1)
    yield Registration("struck off in the future", key, None, 1 << 62)
    yield Registration("a test stream without a time", key, test, -1)
    stolen = msgspec.structs.replace(first, bin=OTHER, test=True)
    yield Registration(
        "a thief", OTHER.encode(), codec.encode(RECORD, enterprise_to_record(stolen)), 0
    )
    for name, record in absurd(first):
        yield Registration(name, OTHER.encode(), codec.encode(RECORD, record), 0)


def afterwards(good: list[Enterprise]) -> Iterator[Registration]:
    """What comes after the good registrations: the thief gives back what was never its own."""
    yield Registration("the thief struck off", OTHER.encode(), None, 0)
    yield Registration("garbage", good[0].bin.encode(), b"\x00" * 64, 0)
