"""The buffer of a station: whatever is killed when, its chain goes on and loses nothing."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emissions.station.buffer import (
    HOUR_MS,
    Buffer,
    BufferFullError,
    BufferUnusableError,
    Message,
)
from streams.core.chain.head import key_id_of, parse_head
from streams.core.quality.authenticity import ChainReader
from streams.core.records.record import RawRecord
from streams.core.sources.source import StationKey
from streams.signing.ed25519 import key_of, verify
from tests.support.generated import examples

KEY = key_of(b"k" * 32)
KEYS = {key_id_of(KEY.public): StationKey("own", KEY.public, (0, 1 << 60))}
NOW = 1_772_305_200_000
MOST = 64 << 20


@pytest.fixture
def buffer(tmp_path: Path) -> Iterator[Buffer]:
    opened = Buffer(tmp_path / "buffer", most_bytes=MOST)
    yield opened
    opened.close()


def unproved(messages: list[Message], source_id: str = "A") -> list[int]:
    """The places of the messages of a source that a reader does not take, one after the other."""
    own = [each for each in messages if each.source_id == source_id]
    records = [
        RawRecord(n, NOW + 10 * HOUR_MS, None, each.value, each.headers)
        for n, each in enumerate(own)
    ]
    reader = ChainReader(None, source_id, verify)
    refused = reader.read(records, [NOW] * len(records), KEYS, 0)
    assert not reader.jumps
    return sorted(refused)


def anchors(messages: list[Message]) -> list[bool]:
    """Of each head whether it is an anchor."""
    heads = [parse_head(dict(each.headers)["sig"]) for each in messages if len(each.headers) > 1]
    return [head is not None and head.anchor for head in heads]


def test_a_head_is_signed_after_a_hundred_readings_or_a_time(buffer: Buffer) -> None:
    buffer.take([("A", b"%d" % n) for n in range(250)], NOW)
    assert [buffer.sign(KEY, NOW, before=NOW) for _ in range(3)] == [100, 100, 0]
    assert buffer.oldest_unsigned() == NOW
    assert buffer.sign(KEY, NOW + 1, before=NOW + 1) == 50
    assert buffer.oldest_unsigned() is None
    messages = buffer.signed(1000)
    assert [each.value for each in messages] == [b"%d" % n for n in range(250)]
    assert unproved(messages) == []


def test_each_source_has_a_chain_of_its_own(buffer: Buffer) -> None:
    for n in range(9):
        buffer.take([("A" if n % 3 else "B", b"%d" % n)], NOW + n)
        buffer.sign(KEY, NOW + n, before=NOW + n - 2)
    buffer.sign(KEY, NOW + 9, before=NOW + 10)
    messages = buffer.signed(100)
    assert len(messages) == 9
    assert unproved(messages, "A") == unproved(messages, "B") == []


def test_an_anchor_comes_each_hour_and_when_a_clock_is_put_back(buffer: Buffer) -> None:
    for later in (0, 1, HOUR_MS - 1, HOUR_MS, HOUR_MS + 1, 2 * HOUR_MS, -5):
        buffer.take([("A", b"%d" % later)], NOW)
        buffer.sign(KEY, NOW + later, before=NOW + 1)
    assert anchors(buffer.signed(10)) == [True, False, False, True, False, True, True]


def test_a_second_process_cannot_use_it(buffer: Buffer, tmp_path: Path) -> None:
    with pytest.raises(BufferUnusableError, match="another process uses it"):
        Buffer(tmp_path / "buffer", most_bytes=MOST)


def test_a_file_that_is_none_of_its_own_is_refused(tmp_path: Path) -> None:
    (tmp_path / "station.sqlite").write_bytes(b"no base" * 1000)
    with pytest.raises(BufferUnusableError, match="not a database"):
        Buffer(tmp_path, most_bytes=MOST)


def test_full_it_takes_nothing_until_something_is_confirmed(tmp_path: Path) -> None:
    small = Buffer(tmp_path, most_bytes=200_000)
    while not small.is_full:
        small.take([("A", b"%d" % small.waiting() + bytes(1000))], NOW)
    with pytest.raises(BufferFullError):
        small.take([("A", b"one more")], NOW)
    held = small.waiting()
    assert small.used_bytes < 300_000
    assert small.is_full
    while small.sign(KEY, NOW, before=NOW + 1):
        pass
    small.confirm(small.signed(held // 2))
    small.take([("A", b"again")], NOW)
    assert small.waiting() == held - held // 2 + 1


def test_a_buffer_that_was_set_back_begins_a_new_chain(tmp_path: Path) -> None:
    first = Buffer(tmp_path, most_bytes=MOST)
    first.take([("A", b"1")], NOW)
    first.sign(KEY, NOW, before=NOW + 1)
    gone_on = first.signed(1)
    first.begin_anew(NOW - 5)
    first.take([("A", b"2")], NOW)
    first.sign(KEY, NOW, before=NOW + 1)
    again = first.signed(10)
    assert [each.value for each in again] == [b"1", b"2"]
    assert unproved(again) == []
    began = [parse_head(dict(each.headers)["sig"]) for each in (*gone_on, *again[:1])]
    assert [head and head.began for head in began] == [NOW, NOW + 1]


class Killed(BaseException):
    """The process ends here."""


@given(st.integers(0, 1 << 32))
@examples(8)
def test_killed_at_any_step_it_signs_nothing_twice_and_loses_nothing(seed: int) -> None:
    chance = Random(seed)
    with tempfile.TemporaryDirectory() as name:
        log: list[Message] = []
        taken: list[bytes] = []
        for _ in range(6):
            buffer = Buffer(Path(name), most_bytes=MOST)
            try:
                for _ in range(chance.randint(1, 30)):
                    _work(buffer, chance, log, taken)
            except Killed:
                pass
            buffer._base.close()  # without a word: what is not committed is gone
        buffer = Buffer(Path(name), most_bytes=MOST)
        while buffer.sign(KEY, NOW, before=NOW + 1):
            pass
        log += buffer.signed(10_000)
        buffer.close()
    seen: dict[bytes, Message] = {}
    once = [each for each in log if seen.setdefault(each.value, each) is each]
    assert [each.headers for each in log] == [seen[each.value].headers for each in log]
    assert [each.value for each in once] == taken
    assert unproved(once) == []


def _work(buffer: Buffer, chance: Random, log: list[Message], taken: list[bytes]) -> None:
    """Do one step of a station, or a part of it; the log is what the broker has got."""
    step = chance.choice(("take", "take", "sign", "send", "die in sign"))
    if step == "take":
        many = chance.randint(1, 60)
        new = [b"%d" % n for n in range(len(taken), len(taken) + many)]
        buffer.take([("A", each) for each in new], NOW)
        taken.extend(new)
    elif step == "sign":
        buffer.sign(KEY, NOW, before=NOW + chance.randint(0, 1))
    elif step == "send":
        messages = buffer.signed(chance.randint(1, 90))
        log.extend(messages)
        if chance.random() < 0.3:
            raise Killed
        buffer.confirm(messages)
    else:
        buffer._base.execute(
            "CREATE TEMP TRIGGER die BEFORE INSERT ON chain "
            "BEGIN SELECT RAISE(ABORT, 'after the messages were signed'); END"
        )
        try:
            buffer.sign(KEY, NOW, before=NOW + 1)
        except sqlite3.DatabaseError:
            raise Killed from None
        buffer._base.execute("DROP TRIGGER die")
