"""The files of the detectors: three languages, a source, and limits that are understood."""

from __future__ import annotations

import pytest

from streams.core.detection.detectors import KINDS
from streams.core.detection.memory import LONGEST_MERGE
from streams.core.time.interval import DAY
from streams.rules.detectors import load_detectors, parse_detector

DETECTORS = load_detectors()
SOUND = """
code: CONSTANT-CHANGED
titles: {ru: а, kk: б, en: c}
statistic: new value
unit: "1"
limits: {most_a_day: 6}
source: test
"""


def test_every_detector_has_a_file_of_its_code() -> None:
    assert set(DETECTORS) == set(KINDS)


@pytest.mark.parametrize("code", sorted(DETECTORS))
def test_what_a_detector_remembers_is_bounded(code: str) -> None:
    detector = DETECTORS[code]
    assert detector.wording.code == code
    assert 0 < detector.days <= 60
    assert detector.merge + DAY <= LONGEST_MERGE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("CONSTANT-CHANGED", "CONSTANT"),
        ("kk: б, ", ""),
        ("most_a_day: 6", "most_a_day: 6, least: 1"),
        ("{most_a_day: 6}", "{}"),
        ("statistic: new value", ""),
    ],
)
def test_a_file_that_is_none_is_refused(old: str, new: str) -> None:
    assert parse_detector(SOUND).wording.unit == "1"
    with pytest.raises(ValueError, match=r"\w"):
        parse_detector(SOUND.replace(old, new))
