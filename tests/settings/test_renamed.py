"""A deployment that uses an earlier name of a setting goes on as it is."""

from __future__ import annotations

import dataclasses

import pytest

from streams.settings import RENAMED, Settings, SettingsError


@pytest.mark.parametrize(("before", "now"), sorted(RENAMED.items()))
def test_an_earlier_name_sets_what_the_present_one_does(before: str, now: str) -> None:
    fields = {part.name for part in dataclasses.fields(Settings)}
    assert now in fields
    assert before not in fields
    value = "3" if now != "dead_letter_limit_share" else "0.25"
    earlier = Settings.from_env({f"EMISSIONS_{before.upper()}": value})
    assert earlier == Settings.from_env({f"EMISSIONS_{now.upper()}": value})
    assert earlier != Settings()


def test_both_names_at_once_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"EMISSIONS_SAY_S is the earlier name of EMISSIONS_"):
        Settings.from_env({"EMISSIONS_SAY_S": "3", "EMISSIONS_LOG_INTERVAL_S": "3"})
