"""Random damage to messages, with a sense for where it hurts: lengths, counts, ids, seams."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.fuzz.avro import OWN_IDS, READING_ID, TICK_ID, Fields, double
from tests.fuzz.hostile import COUNTS, MOMENTS, PERIODS, SPECIAL, TEXTS, UNENDING
from tests.schemas.avro import long

_BYTES = (0x00, 0x01, 0x02, 0x7F, 0x80, 0x81, 0xFE, 0xFF)


def damaged(chance: Random, message: bytes, other: bytes) -> bytes:
    """A message with one to four kinds of damage; ``other`` is one to splice it with."""
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        message = chance.choice(_DAMAGES)(chance, message, other)
    return message


def noise(chance: Random) -> bytes:
    """Random bytes, half of them behind the header of a reading or a tick."""
    body = chance.randbytes(chance.choice((0, 1, 4, 5, 6, 20, 60, 200, 2000)))
    if chance.random() < 0.5:
        return body
    number = READING_ID if chance.random() < 0.8 else TICK_ID
    return b"\x00" + number.to_bytes(4, "big") + body


def strange(chance: Random, sound: Fields) -> Fields:
    """A reading with one to three fields that say something absurd; the frame is well-formed."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        sound = chance.choice(_STRANGE)(chance, sound)
    return sound


def _flip(chance: Random, message: bytes, _: bytes) -> bytes:
    if not message:
        return message
    out = bytearray(message)
    for _each in range(chance.randint(1, 8)):
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def _overwrite(chance: Random, message: bytes, _: bytes) -> bytes:
    if not message:
        return message
    at = chance.randrange(len(message))
    return message[:at] + bytes([chance.choice(_BYTES)]) + message[at + 1 :]


def _truncate(chance: Random, message: bytes, _: bytes) -> bytes:
    return message[: chance.randrange(len(message) + 1)]


def _append(chance: Random, message: bytes, _: bytes) -> bytes:
    return message + chance.randbytes(chance.randint(1, 16))


def _remove(chance: Random, message: bytes, _: bytes) -> bytes:
    at = chance.randrange(len(message) + 1)
    return message[:at] + message[at + chance.randint(1, 12) :]


def _repeat(chance: Random, message: bytes, _: bytes) -> bytes:
    at = chance.randrange(len(message) + 1)
    part = message[at : at + chance.randint(1, 24)]
    return message[:at] + part * chance.randint(1, 8) + message[at:]


def _splice(chance: Random, message: bytes, other: bytes) -> bytes:
    at = chance.randrange(len(message) + 1)
    return message[:at] + other[chance.randrange(len(other) + 1) :]


def _varint(chance: Random, message: bytes, _: bytes) -> bytes:
    """A hostile number in the place of a byte, which may be a length, a count or a branch."""
    at = chance.randrange(len(message) + 1)
    number = long(chance.choice(COUNTS)) if chance.random() < 0.7 else chance.choice(UNENDING)
    return message[:at] + number + message[at + 1 :]


def _foreign(chance: Random, message: bytes, _: bytes) -> bytes:
    number = chance.choice((*OWN_IDS, TICK_ID, 0, 1, 41_000, 0xFFFFFFFF, chance.getrandbits(32)))
    return message[:1] + number.to_bytes(4, "big") + message[5:]


_DAMAGES: tuple[Callable[[Random, bytes, bytes], bytes], ...] = (
    _flip, _flip, _overwrite, _truncate, _append, _remove, _repeat, _splice, _varint, _varint,
    _foreign,
)  # fmt: skip


def _source(chance: Random, sound: Fields) -> Fields:
    return sound._replace(source_id=chance.choice(TEXTS))


def _moment(chance: Random, sound: Fields) -> Fields:
    near = sound.measured_at + chance.choice((-1, 1)) * chance.randrange(1 << chance.randint(8, 50))
    return sound._replace(measured_at=chance.choice((near, chance.choice(MOMENTS))))


def _period(chance: Random, sound: Fields) -> Fields:
    return sound._replace(period_s=chance.choice(PERIODS))


def _serial(chance: Random, sound: Fields) -> Fields:
    made_up = b"S%d" % chance.getrandbits(64)
    return sound._replace(serial=chance.choice((made_up, chance.choice(TEXTS))))


def _values(chance: Random, sound: Fields) -> Fields:
    values = [
        (name, chance.choice(SPECIAL) if chance.random() < 0.5 else chance.randbytes(8))
        for name, _ in sound.values
    ]
    return sound._replace(values=values)


def _value(chance: Random, sound: Fields) -> Fields:
    values = list(sound.values)
    if values:
        at = chance.randrange(len(values))
        values[at] = (values[at][0], chance.choice(SPECIAL))
    return sound._replace(values=values)


def _names(chance: Random, sound: Fields) -> Fields:
    values = [*sound.values, (chance.choice(TEXTS), double(chance.uniform(-10, 10)))]
    chance.shuffle(values)
    return sound._replace(values=values)


def _fewer(chance: Random, sound: Fields) -> Fields:
    kept = [value for value in sound.values if chance.random() < 0.6]
    return sound._replace(values=kept)


def _flags(chance: Random, sound: Fields) -> Fields:
    flags = [
        (name, chance.choice((b"F", b"N", b"Q", b"%x" % chance.getrandbits(64), *TEXTS)))
        for name, _ in sound.values
        if chance.random() < 0.5
    ]
    return sound._replace(flags=flags)


def _state(chance: Random, sound: Fields) -> Fields:
    return sound._replace(state=chance.randrange(5))


def _blocks(chance: Random, sound: Fields) -> Fields:
    return sound._replace(blocks=chance.randint(1, 4), sized=chance.random() < 0.5)


_STRANGE: tuple[Callable[[Random, Fields], Fields], ...] = (
    _source, _moment, _period, _serial, _values, _value, _names, _fewer, _flags, _state, _blocks,
)  # fmt: skip
