"""Whether two readings say the same: as it was sent, however it was ordered and wherever kept."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from math import nextafter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.reading import Reading
from streams.core.engine.deduplication import content_digest, content_digests
from streams.core.windows.slot import DIGEST_BYTES, Hour
from tests.core.examples import reading
from tests.core.stacks import block_of

QUIET, OTHER, NEGATIVE = (
    struct.unpack("<d", struct.pack("<Q", bits))[0]
    for bits in (0x7FF8000000000000, 0x7FF8000000000123, 0xFFF8000000000000)
)
NANS = (QUIET, OTHER, NEGATIVE)

values = st.dictionaries(
    st.sampled_from(("SO2", "CO", "NO2", "O2")),
    st.sampled_from((0.0, -0.0, 1.0, nextafter(1.0, 2.0), float("inf"), 5e-324, *NANS)),
    max_size=4,
)
flags = st.dictionaries(
    st.sampled_from(("SO2", "CO")), st.sampled_from(("N", "D", "", "SO2")), max_size=2
)
readings = st.builds(
    Reading,
    st.just("A"),
    st.sampled_from((0, 1, -1, 1 << 40, -(1 << 62))),
    st.sampled_from((60, 600)),
    st.sampled_from(("NORMAL", "STOPPED")),
    st.sampled_from((None, "", "SN-1", "SN-2")),
    values,
    flags,
)


def meaning(item: Reading) -> object:
    """What a reading says, as a value that is equal if and only if it says the same."""
    numbers = {name: "NaN" if each != each else each + 0.0 for name, each in item.values.items()}
    abnormal = {name: flag for name, flag in item.flags.items() if flag != "N"}
    return (item.measured_at, item.period_s, item.state, item.device_serial, numbers, abnormal)


@given(st.lists(readings, min_size=2, max_size=8))
def test_digests_are_equal_if_and_only_if_the_readings_say_the_same(found: list[Reading]) -> None:
    for first in found:
        assert len(content_digest(first)) == DIGEST_BYTES
        for second in found:
            assert (content_digest(first) == content_digest(second)) == (
                meaning(first) == meaning(second)
            )


@given(readings)
def test_order_flags_of_normal_and_payloads_do_not_show(item: Reading) -> None:
    shuffled = sorted(item.values, reverse=True)
    other = {name: item.values[name] for name in shuffled}
    other = {name: OTHER if each != each else each for name, each in other.items()}
    other = {name: -0.0 if each == 0 else each for name, each in other.items()}
    flagged = {**item.flags, "NO2": "N"} if item.flags.get("NO2") is None else item.flags
    backwards = dict(reversed(flagged.items()))
    same = msgspec.structs.replace(item, source_id="B", values=other, flags=backwards)
    assert content_digest(same) == content_digest(item)


def in_blocks(found: Sequence[Reading]) -> list[bytes]:
    return content_digests(block_of(found))


@given(
    st.lists(
        st.tuples(
            st.integers(-(1 << 62), 1 << 62),
            st.sampled_from((None, "SN-1", "SN-2")),
            st.floats(),
            st.floats(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_a_reading_has_the_same_digest_in_a_block_as_alone(
    rows: list[tuple[int, str | None, float, float]],
) -> None:
    found = [
        reading(at, device_serial=serial, values={"SO2": so2, "CO": co})
        for at, serial, so2, co in rows
    ]
    assert in_blocks(found) == [content_digest(item) for item in found]


said = st.binary(min_size=DIGEST_BYTES, max_size=DIGEST_BYTES).filter(any)
stretches = st.tuples(
    st.sampled_from((60, 600)), st.integers(0, 200), st.lists(said, min_size=1, max_size=5)
)


@given(st.lists(stretches, max_size=12))
def test_an_hour_remembers_each_interval_by_itself(
    found: list[tuple[int, int, list[bytes]]],
) -> None:
    """Those that follow each other at once, over holes and over what was known."""
    hour, known = Hour(), dict[tuple[int, int], bytes]()
    for period_s, number, those in found:
        before = any((period_s, number + at) in known for at in range(len(those)))
        assert hour.has_readings(period_s, number, number + len(those) - 1) == before
        hour.add_digests(period_s, number, b"".join(those))
        known.update({(period_s, number + at): each for at, each in enumerate(those)})
        assert hour.has_readings(period_s, number, number)
    for period_s in (60, 600, 1200):
        for number in range(210):
            assert hour.digest_at(period_s, number) == known.get((period_s, number))
            assert hour.has_readings(period_s, number, number) == ((period_s, number) in known)
            some = any((period_s, number + at) in known for at in range(4))
            assert hour.has_readings(period_s, number, number + 3) == some
