"""A file of notices, and records of their topic: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.core.registry.notice import Notice
from streams.registry.errors import RegistryError
from streams.registry.notices import load_notices, notice_from_record
from streams.rules.country import home
from tests.core.examples import BIN, local

OUTAGE = {
    "id": "N-1", "kind": "PLANNED_OUTAGE", "bin": BIN, "source_id": "A",
    "from": "2026-04-01", "to": "2026-04-03T12:00:00+05:00",
}  # fmt: skip
MARK = {**OUTAGE, "id": "N-2", "kind": "MARK", "flag": "C", "reason": "calibration"}


def written(tmp_path: Path, *notices: dict[str, Any]) -> Path:
    file = tmp_path / "notices.yaml"
    file.write_bytes(msgspec.yaml.encode({"notices": list(notices)}))
    return file


def test_what_a_file_says(tmp_path: Path) -> None:
    form: dict[str, Any] = {
        "complex": "ASM-1",
        "repair_kind": "current",
        "works": "cell",
        "executor": "TOO X",
    }
    first, second = load_notices(written(tmp_path, {**OUTAGE, **form}, MARK))
    assert first.arrived_at is None
    assert first.notice == Notice(
        "N-1", "PLANNED_OUTAGE", BIN, "A", local("2026-04-01"), local("2026-04-03 12:00"), **form
    )
    assert first.notice.form == form
    assert second.notice.flag == "C"
    (dated,) = load_notices(
        written(tmp_path, {**OUTAGE, "arrived_at": "2026-02-20T09:00:00+05:00"}), dated=True
    )
    assert dated.arrived_at == local("2026-02-20 09:00")


def test_an_outage_whose_end_is_open_is_refused(tmp_path: Path) -> None:
    text = refusal(tmp_path, {key: value for key, value in OUTAGE.items() if key != "to"})
    assert text.startswith("line 2, notices[0].to: is missing: ")


@pytest.mark.parametrize(
    ("notice", "place", "why"),
    [
        ({**OUTAGE, "kind": "OUTAGE"}, "kind", "'OUTAGE' is none of PLANNED_OUTAGE, "),
        ({**OUTAGE, "bin": "990140001234"}, "bin", "'990140001234' is not a БИН of 12 digits"),
        ({**OUTAGE, "to": "2026-04-01"}, "to", "is not later than from"),
        ({**OUTAGE, "to": "2026-04-03T12:00:00"}, "to", "has no offset from UTC"),
        ({**OUTAGE, "from": "1969-12-31"}, "from", "is not a moment of the years 1970 to 2299"),
        ({**OUTAGE, "to": "9999-12-31"}, "to", "is not a moment of the years 1970 to 2299"),
        ({**OUTAGE, "id": "ж"}, "id", "must be 1 to 64 of the characters"),
        ({**OUTAGE, "source_id": ""}, "source_id", "is empty"),
        ({**OUTAGE, "parameter": "SO2"}, "parameter", "an outage is that of the whole source"),
        ({**OUTAGE, "flag": "C"}, "flag", "is for a MARK alone"),
        ({**OUTAGE, "completes": "N-0"}, "completes", "is for the form 1 of an UNPLANNED_OUTAGE"),
        ({**OUTAGE, "kind": "EXCEEDANCE"}, "parameter", "of what was it an exceedance?"),
        ({**OUTAGE, "colour": "red"}, "", "colour is not a field that a notice has"),
        ({**OUTAGE, "norm": "high"}, "norm", "a number is expected here, not a text"),
        ({**MARK, "state": "STOPPED"}, "state", "either a state or a flag"),
        ({**MARK, "flag": "N"}, "flag", "'N' is none of B, C, D, F, M, S, T"),
        ({**MARK, "flag": None, "state": "NORMAL"}, "state", "'NORMAL' is none of STARTUP, "),
        ({**MARK, "reason": ""}, "reason", "a mark without a reason says nothing"),
        ({**MARK, "withdraws": "N-2", "from": None, "to": None}, "withdraws", "the notice itself"),
        ({**OUTAGE, "arrived_at": "2026-02-20"}, "arrived_at", "counts in a replay alone"),
    ],
)
def test_what_is_refused(tmp_path: Path, notice: dict[str, Any], place: str, why: str) -> None:
    text = refusal(tmp_path, notice)
    assert f"notices[0]{'.' if place else ''}{place}: " in text
    assert why in text


def test_a_replay_needs_the_arrival_and_an_id_is_given_once(tmp_path: Path) -> None:
    assert "arrived_at: is missing" in refusal(tmp_path, OUTAGE, dated=True)
    assert "notices[1].id: the id 'N-1' is taken by notices[0]" in refusal(
        tmp_path, OUTAGE, {**MARK, "id": "N-1"}
    )


def test_a_file_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "n.yaml"
    file.write_text("enterprises: []", encoding="utf-8")
    with pytest.raises(RegistryError, match="mapping with the key 'notices'"):
        load_notices(file)
    with pytest.raises(RegistryError, match="No such file"):
        load_notices(tmp_path / "absent.yaml")


def test_a_record_is_checked_like_a_file() -> None:
    good = Notice("N-1", "MARK", BIN, "A", 0, 1, state="STOPPED", reason="r")
    assert notice_from_record(msgspec.structs.asdict(good), home()) == good
    with pytest.raises(RegistryError, match="notice end: is missing"):
        notice_from_record({**msgspec.structs.asdict(good), "end": None}, home())


def refusal(tmp_path: Path, *notices: dict[str, Any], dated: bool = False) -> str:
    """Why a file is refused, without its name."""
    file = written(tmp_path, *notices)
    with pytest.raises(RegistryError) as failure:
        load_notices(file, dated=dated)
    sentence = str(failure.value)
    assert "\n" not in sentence
    return sentence.removeprefix(f"{file}: ")
