"""The table of quality codes: every code is in it once, and it says what the specification says."""

from __future__ import annotations

from schemas.reading import FLAGS, STATES
from streams.core.law import quality_codes
from streams.core.law.quality_codes import (
    CODES,
    NUMBERED_CODES,
    STATUS_OTHER,
    Scope,
    made_up_status,
    named_codes,
)


def test_every_code_of_the_module_is_in_the_table_once() -> None:
    named = {
        value
        for name, value in vars(quality_codes).items()
        if name.isupper() and isinstance(value, str) and value != STATUS_OTHER
    }
    codes = [entry.code for entry in CODES]
    assert sorted(codes) == sorted(named)
    assert all(entry.meaning and entry.ru and entry.kk for entry in CODES)


def test_what_may_follow_a_code_is_named_too() -> None:
    assert {f"STATUS_{flag}" for flag in FLAGS if flag != "N"} <= {
        each.code for each in named_codes()
    }
    assert {f"STATE_{state}" for state in STATES if state != "NORMAL"} <= {
        each.code for each in named_codes()
    }
    assert not [each for each in named_codes() if each.code.endswith("_")]


def test_only_operating_states_and_excused_periods_take_due_time_away() -> None:
    assert [entry.code for entry in CODES if entry.excuses] == ["STATE_", "EXCUSED"]


def test_codes_with_a_number_of_their_own_are_those_of_channels() -> None:
    channels = {entry.code for entry in CODES if entry.scope is Scope.CHANNEL}
    families = {code for code in channels if code.endswith("_")}
    assert set(NUMBERED_CODES) - {""} == channels - families


def test_a_status_is_made_up_when_no_flag_is_called_so() -> None:
    assert made_up_status("STATUS_X")
    assert not made_up_status("STATUS_F")
