"""Where readings of one moment belong, by the clocks of any zone."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.sources.source import SourceEntry
from streams.core.time.interval import DAY, HOUR, MINUTE, SLOT
from streams.core.time.window_kinds import WHOLE_DAY, WINDOW_KINDS
from streams.core.windows import assigner as module
from streams.core.windows.assigner import UNASSIGNED, WindowAssigner
from tests.core.examples import enterprise, local, source
from tests.support.generated import examples

ZONES = ("Asia/Almaty", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Berlin")
ENTRIES = {zone: SourceEntry(enterprise(), source(timezone=zone)) for zone in ZONES}
CHANGES = (
    local("2024-02-29"),  # of Kazakhstan's clocks, at the day's end
    local("2026-03-29 05:00"),  # of Berlin's, forward
    local("2026-10-25 05:00"),  # and back
    local("2026-04-04 19:00"),  # of Lord Howe's, by half an hour
    local("2026-10-03 20:30"),
)
instants = st.builds(
    lambda around, after: around + after, st.sampled_from(CHANGES), st.integers(-2 * DAY, 2 * DAY)
)


def grace(kind: int) -> int:
    return 20 * MINUTE if kind == WHOLE_DAY else 5 * MINUTE


@examples(200)
@given(st.lists(instants, min_size=1, max_size=5), st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_a_frame_is_the_slot_its_hour_and_the_windows_around_it(
    found: list[int], zone: str, other: str
) -> None:
    entry, judged, frames = ENTRIES[zone], ENTRIES[other], WindowAssigner(grace)
    for instant in found * 2:  # the second time they are known
        frame = frames.assign(instant, entry, judged)
        assert frame.start <= instant < frame.end
        assert frame.start == entry.clock.start(instant, SLOT)
        assert frame.end == entry.clock.end(frame.start, SLOT)
        assert frame.hour_start == entry.clock.start(instant, HOUR)
        assert len(frame.windows) == len(WINDOW_KINDS)
        for kind, window in enumerate(frame.windows):
            assert (window.start, window.end) == judged.window(kind, frame.start)
            assert (window.kind, window.closes) == (kind, window.end + grace(kind))
            if zone == other:  # slots of one clock may lie across windows of another
                assert frames.window(judged, kind, instant) == window
        assert frame.open_until == min(window.closes for window in frame.windows)


def test_sources_of_one_clock_share_frames_and_others_do_not() -> None:
    frames, at = WindowAssigner(grace), local("2026-04-01 08:05")
    twin = SourceEntry(enterprise(), source("B"))
    almaty, kolkata = ENTRIES["Asia/Almaty"], ENTRIES["Asia/Kolkata"]
    assert frames.assign(at, almaty, almaty) is frames.assign(at + 1, twin, almaty)
    those = {frames.assign(at, *pair) for pair in product((almaty, kolkata), repeat=2)}
    assert len(those) == 4


def test_frames_are_not_piled_up_and_are_the_same_when_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOST_KNOWN", 3)
    entry, frames, at = ENTRIES["Asia/Almaty"], WindowAssigner(grace), local("2026-04-01 08:00")
    first = frames.assign(at, entry, entry)
    assert frames.assign(at, entry, entry) is first
    for number in range(1, 4):
        frames.assign(at + number * SLOT, entry, entry)
    again = frames.assign(at, entry, entry)
    assert again == first
    assert again is not first


def test_no_instant_lies_in_the_empty_assignment() -> None:
    for instant in (-1, 0, 1):
        assert not UNASSIGNED.start <= instant < UNASSIGNED.end
