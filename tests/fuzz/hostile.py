"""Named hostile messages: each is a way in which something once broke, or could.

A case is a function of a sound reading, so that the same trick is played with sources that are
registered and with those that are not.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from schemas.decoding.record import HEADER
from tests.fuzz.avro import OWN_IDS, READING_ID, TICK_ID, Fields, double, frame, framed, text
from tests.schemas.avro import long

Case = Callable[[Fields], bytes | None]

MEGABYTE: Final = 1 << 20
MOST: Final = (1 << 63) - 1
LEAST: Final = -(1 << 63)

SPECIAL: Final = (
    double(float("nan")),
    b"\x01\x00\x00\x00\x00\x00\xf8\xff",  # another NaN, with a payload and a sign
    b"\x01\x00\x00\x00\x00\x00\xf0\x7f",  # a signalling one
    double(float("inf")),
    double(float("-inf")),
    double(5e-324),
    double(-5e-324),
    double(2.2250738585072014e-308),
    double(1.7976931348623157e308),
    double(-1.7976931348623157e308),
    double(-0.0),
    double(1e9),
    double(20.999999999999996),
    double(99.99999999999999),
    double(100.0),
    double(-273.15),
)
"""Doubles that trouble arithmetic."""

TEXTS: Final = (
    b"",
    b"\x00",
    b"a\x00b",
    b"\xff\xfe",
    b"\xed\xa0\x80",  # a surrogate
    b"\xf4\x90\x80\x80",  # beyond Unicode
    b"\xc0\xaf",  # an overlong slash
    "\u202eKZ-0001-01\u202c".encode(),  # written from right to left
    "Ж́ஃ\U0001f3ed".encode(),
    b"../../../../etc/passwd",
    b"KZ-0001-01/../KZ-0001-02",
    b"0/ledger",
    b"source/KZ-0001-01",
    b"KZ-0001-01\r\nX-Injected: 1",
    b"'; DROP TABLE readings; --",
    b'=HYPERLINK("http://example.invalid")',
    b"[bold red]\x1b[31m\x1b]0;title\x07",
    b"%s%n{0}{{",
    b"\xef\xbb\xbfKZ-0001-01",
    b" KZ-0001-01 ",
    b"KZ-0001-01".lower(),
    b"A" * 63,
    b"A" * 64,
    b"A" * 65,
    b"A" * 8191,
)
"""Texts that trouble whoever stores, shows or compares them."""

MOMENTS: Final = (
    0, -1, 1, LEAST, MOST, 10**18, -(10**18), -62_135_596_800_000, -62_135_596_800_001,
    253_402_300_799_999, 253_402_300_800_000, 10_413_792_000_000, 1 << 53, 1 << 31, -(1 << 62),
)  # fmt: skip
"""Milliseconds that trouble calendars: the ends of years 1, 9999 and 2299, and of integers."""

PERIODS: Final = (0, -1, -600, 1, 7, 59, 61, 600, 3600, 86_400, 1 << 31, MOST, LEAST)

COUNTS: Final = (1 << 60, -(1 << 60), MOST, LEAST, 1 << 31, -1, -2, 1 << 20)
"""Block counts and lengths that no message of its size can hold."""

UNENDING: Final = (b"\xff" * 9, b"\xff" * 10, b"\x80" * 12, b"\xff" * 200, b"\x80\x80\x00")
"""Varints of too many bytes, some without an end."""


def _changed(**fields: Any) -> Case:
    return lambda sound: frame(sound._replace(**fields))


def _always(message: bytes | None) -> Case:
    return lambda _: message


def _until_values(sound: Fields) -> bytes:
    """The message up to where its map of values begins."""
    return frame(sound._replace(values=(), flags=()))[:-2]


def _under(number: int) -> Case:
    return lambda sound: framed(number, frame(sound)[HEADER:])


def _source_of(length: bytes) -> Case:
    return lambda sound: framed(READING_ID, length + frame(sound)[HEADER + 1 :])


def _values_of(head: bytes) -> Case:
    return lambda sound: _until_values(sound) + head + text(b"SO2") + double(1.0) + b"\x00\x00"


def _all(value: float) -> Case:
    return lambda sound: frame(
        sound._replace(values=[(name, double(value)) for name, _ in sound.values])
    )


def _special(sound: Fields) -> bytes:
    names = [name for name, _ in sound.values]
    return frame(sound._replace(values=list(zip(names, SPECIAL, strict=False))))


def _many(count: int) -> list[tuple[bytes, bytes]]:
    return [(b"P%d" % number, double(1.0)) for number in range(count)]


CASES: Final[dict[str, Case]] = {
    "no value": _always(None),
    "an empty value": _always(b""),
    "one byte": _always(b"\x00"),
    "a header alone": _always(framed(READING_ID, b"")),
    "JSON": _always(b'{"source_id": "KZ-0001-01"}'),
    "doubles alone": _always(framed(READING_ID, struct.pack("<9d", *[float("nan")] * 9))),
    "a body alone": lambda sound: frame(sound)[HEADER:],
    "another magic byte": lambda sound: b"\x01" + frame(sound)[1:],
    "an id that nobody has": _under(0xFFFFFFFF),
    **{f"the id {number} of another record": _under(number) for number in OWN_IDS},
    "a tick with a body behind it": lambda sound: framed(TICK_ID, long(0) + frame(sound)),
    "a tick of the greatest time": _always(framed(TICK_ID, long(MOST))),
    "a tick of the least time": _always(framed(TICK_ID, long(LEAST))),
    "a tick without end": _always(framed(TICK_ID, b"\xff" * 64)),
    "a tick without a body": _always(framed(TICK_ID, b"")),
    "twice the same message": lambda sound: frame(sound) * 2,
    **{f"a source as long as {what[:12].hex()}": _source_of(what) for what in UNENDING},
    **{f"a source of {count} bytes": _source_of(long(count)) for count in COUNTS},
    **{f"a map of {count} entries": _values_of(long(count)) for count in COUNTS},
    **{f"a block of {count} bytes": _values_of(long(-1) + long(count)) for count in COUNTS},
    "100 000 blocks of one entry": lambda sound: (
        _until_values(sound) + (long(1) + text(b"SO2") + double(1.0)) * 100_000 + b"\x00\x00"
    ),
    "100 000 channels": _changed(values=_many(100_000)),
    "100 000 channels in blocks": _changed(values=_many(100_000), blocks=7, sized=True),
    "100 000 times one channel": _changed(values=[(b"SO2", double(1.0))] * 100_000),
    "100 000 flags": _changed(flags=[(b"P%d" % number, b"F") for number in range(100_000)]),
    "a source of a megabyte": _changed(source_id=b"K" * MEGABYTE),
    "a source of a megabyte of zeros": _changed(source_id=b"\x00" * MEGABYTE),
    "a source of a megabyte of surrogates": _changed(source_id=b"\xed\xa0\x80" * (MEGABYTE // 3)),
    "a device of half a megabyte": _changed(serial=b"S" * (MEGABYTE // 2)),
    "a flag of half a megabyte": _changed(flags=[(b"SO2", b"F" * (MEGABYTE // 2))]),
    "a parameter of half a megabyte": _changed(values=[(b"P" * (MEGABYTE // 2), double(1.0))]),
    "no channels": _changed(values=(), flags=()),
    "special values alone": _special,
    "every value the greatest": _all(1.7976931348623157e308),
    "every value the smallest": _all(5e-324),
    "flags that are none": _changed(
        flags=[(b"SO2", b"\xf0\x9f\x8f\xad" * 9), (b"NO", b"\x00"), (b"O2", b"")]
    ),
    "a state that does not exist": _changed(state=5),
    "a state of the greatest number": _changed(state=MOST),
}
"""Name to the message; ``None`` is a record without a value."""

HEAVY: Final = frozenset(name for name in CASES if "100 000" in name or "megabyte" in name)
"""Cases of about a megabyte; a long run plays them seldom."""
