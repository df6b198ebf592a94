"""Where readings of one moment belong, by the clocks of any zone."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core import frame as module
from streams.core.calendar import DAY, HOUR, MINUTE, SLOT
from streams.core.frame import NOWHERE, Frames
from streams.core.source import KINDS, WHOLE_DAY, SourceEntry
from tests.core.examples import enterprise, local, source

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


@settings(max_examples=200)
@given(st.lists(instants, min_size=1, max_size=5), st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_a_frame_is_the_slot_its_hour_and_the_windows_around_it(
    found: list[int], zone: str, other: str
) -> None:
    entry, judged, frames = ENTRIES[zone], ENTRIES[other], Frames(grace)
    for instant in found * 2:  # the second time they are known
        frame = frames.of(instant, entry, judged)
        assert frame.start <= instant < frame.end
        assert frame.start == entry.clock.start(instant, SLOT)
        assert frame.end == entry.clock.end(frame.start, SLOT)
        assert frame.hour == entry.clock.start(instant, HOUR)
        assert len(frame.windows) == len(KINDS)
        for kind, window in enumerate(frame.windows):
            assert (window.start, window.end) == judged.window(kind, frame.start)
            assert (window.kind, window.closes) == (kind, window.end + grace(kind))
            if zone == other:  # slots of one clock may lie across windows of another
                assert frames.window(judged, kind, instant) == window
        assert frame.open_until == min(window.closes for window in frame.windows)


def test_sources_of_one_clock_share_frames_and_others_do_not() -> None:
    frames, at = Frames(grace), local("2026-04-01 08:05")
    twin = SourceEntry(enterprise(), source("B"))
    almaty, kolkata = ENTRIES["Asia/Almaty"], ENTRIES["Asia/Kolkata"]
    assert frames.of(at, almaty, almaty) is frames.of(at + 1, twin, almaty)
    those = {frames.of(at, *pair) for pair in product((almaty, kolkata), repeat=2)}
    assert len(those) == 4


def test_frames_are_not_piled_up_and_are_the_same_when_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOST_KNOWN", 3)
    entry, frames, at = ENTRIES["Asia/Almaty"], Frames(grace), local("2026-04-01 08:00")
    first = frames.of(at, entry, entry)
    assert frames.of(at, entry, entry) is first
    for number in range(1, 4):
        frames.of(at + number * SLOT, entry, entry)
    again = frames.of(at, entry, entry)
    assert again == first
    assert again is not first


def test_nothing_is_nowhere() -> None:
    for instant in (-1, 0, 1):
        assert not NOWHERE.start <= instant < NOWHERE.end
