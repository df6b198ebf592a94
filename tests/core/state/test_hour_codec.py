"""An hour that was written to the state and read back is the same hour, and goes on as such."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.records.record import RawRecord
from streams.core.records.revision import PublishedRevision
from streams.core.sources.series import layout_of
from streams.core.state.hour_codec import decode_hour, encode_hour
from streams.core.time.interval import SLOT
from streams.core.windows.slot import DIGEST_BYTES, Hour, Slot
from streams.core.windows.slot_sums import MEASURED_ROWS, VALUE_ROWS
from tests.core.examples import local
from tests.core.slots import LAYOUTS, Told, cell, fill, pieces, slot_of
from tests.support.generated import examples

BEGIN = local("2026-04-01")


def hour_of(rng: Random, how: str) -> tuple[Hour, list[Told]]:
    """An hour of some slots with some pieces, and all else that an hour has."""
    hour, told = Hour(), list[Told]()
    for number in rng.sample(range(6), rng.randint(0, 6)):
        wanted = [(rng.choice((60, 600)), rng.choice(LAYOUTS)) for _ in range(rng.randrange(4))]
        own = pieces(rng, how, wanted, rng.choice((1, 5, 9)))
        told += own
        slot = hour.slots[BEGIN + number * SLOT] = slot_of(own)
        slot.late = [rng.randrange(3) for _ in range(4)]
        for each in range(rng.randrange(4)):
            record = RawRecord(7 + each, BEGIN, None, rng.randbytes(5), ())
            slot.record_messages([record], [rng.choice((None, "SN-1", "Ф" * 40))])
    for _ in range(rng.randrange(9)):
        hour.add_digests(rng.choice((60, 600)), rng.randrange(60), rng.randbytes(DIGEST_BYTES))
    hour.run_windows = {"KZ|SO2": [BEGIN]} if rng.random() < 0.3 else {}
    if rng.random() < 0.3:
        hour.published["an id"] = PublishedRevision(2, "AMENDED", rng.randbytes(8))
    return hour, told


def content(hour: Hour) -> Any:
    """Everything that an hour holds, as values that can be compared."""
    slots = {
        start: (
            slot.readings,
            slot.late,
            slot.devices,
            (slot.first_offset, slot.last_offset, slot.chain),
            [
                (piece.period_s, piece.layout, piece.sums.tolist(), piece.codes, piece.overflow)
                for piece in slot.series_sums
            ],
        )
        for start, slot in hour.slots.items()
    }
    return slots, list(slots), hour.digests, hour.run_windows, hour.published


@examples(80)
@given(st.integers(0, 2**32), st.sampled_from(("plain", "any", "cancelling", "huge")))
@example(0, "any")
@example(0, "huge")
def test_a_thawed_hour_is_the_same_and_goes_on(seed: int, how: str) -> None:
    rng = Random(seed)
    hour, told = hour_of(rng, how)
    again = decode_hour(encode_hour(hour))
    assert content(again) == content(hour)
    assert encode_hour(again) == encode_hour(hour)
    thawed = [piece for slot in again.slots.values() for piece in slot.series_sums]
    for each, piece in zip(told, thawed, strict=True):  # another reading of each, in both
        normalised = each.piece.layout.normalised
        more = [cell(rng, how, at in normalised) for at in range(len(each.piece.layout.keys))]
        fill(Told(piece, [more]))
        fill(Told(each.piece, [more]))
        piece.count_code(0, "STATUS_D")
        each.piece.count_code(0, "STATUS_D")
    for both in (hour, again):
        both.add_digests(600, 3, b"12345678")
    assert content(again) == content(hour)


@examples(60)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.data())
def test_an_hour_comes_back_at_any_width(widths: list[int], data: st.DataObject) -> None:
    """Sources without channels, too: what was on the topic before they were refused."""
    hour = Hour()
    for number, width in enumerate(widths):
        keys = tuple(f"P{at}|mg/m3" for at in range(width))
        normalised = data.draw(st.sets(st.integers(0, width - 1)) if width else st.just(set()))
        layout = layout_of(keys, tuple(sorted(normalised)))
        slot = hour.slots.setdefault(BEGIN + data.draw(st.integers(0, 2)) * SLOT, Slot())
        piece = slot.sums_for(60 * (number + 1), layout)
        piece.sums[: VALUE_ROWS.stop] = data.draw(st.sampled_from([0.0, 1.5, 1e-30]))
        piece.sums[MEASURED_ROWS] = piece.sums[VALUE_ROWS]
    assert content(decode_hour(encode_hour(hour))) == content(hour)


def test_random_hours_have_third_doubles_and_rests() -> None:
    """What is seldom written is written in some of them, of both sums."""
    found = set()
    for seed in range(60):
        for each in hour_of(Random(seed), ("any", "huge")[seed % 2])[1]:
            for rows in (VALUE_ROWS, MEASURED_ROWS):
                if each.piece.sums[rows.stop - 1].any():
                    found.add(("third", rows == MEASURED_ROWS))
            found |= {("rest", measured) for _, measured in each.piece.overflow}
    assert found == {(what, which) for what in ("third", "rest") for which in (False, True)}


def test_what_was_not_frozen_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_hour(b"\x01junk")
    with pytest.raises(msgspec.DecodeError):
        decode_hour(encode_hour(hour_of(Random(1), "plain")[0])[:-1])
