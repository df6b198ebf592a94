from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.evidence.bundle.raw import RawFileError, read_records, write_records
from streams.core.records.record import RawRecord

BYTES = st.none() | st.binary(max_size=20)
RECORDS = st.lists(
    st.builds(
        RawRecord,
        st.integers(0, 1 << 40),
        st.integers(-5, 1 << 40),
        BYTES,
        BYTES,
        st.lists(st.tuples(st.text(max_size=5), BYTES), max_size=2).map(tuple),
    ),
    max_size=4,
    unique_by=lambda each: each.offset,
).map(lambda found: sorted(found, key=lambda each: each.offset))


@given(RECORDS)
def test_messages_come_back_whole(records: list[RawRecord]) -> None:
    assert read_records(write_records(records)) == records


@given(RECORDS, st.data())
def test_a_file_that_is_cut_is_refused(records: list[RawRecord], data: st.DataObject) -> None:
    written = write_records(records)
    ends = {len(write_records(records[:count])) for count in range(len(records) + 1)}
    cut = data.draw(st.integers(0, len(written)))
    if cut in ends:
        assert read_records(written[:cut]) == records[: len(read_records(written[:cut]))]
    else:
        with pytest.raises(RawFileError):
            read_records(written[:cut])


def test_messages_out_of_order_are_refused() -> None:
    one, two = (RawRecord(offset, 0, None, b"", ()) for offset in (1, 2))
    for records in ([two, one], [one, one]):
        with pytest.raises(RawFileError, match="order of offsets"):
            read_records(write_records(records))
