"""The settings of the dead-letter limit and of the clock: what is refused, who runs without."""

from __future__ import annotations

import pytest

from emissions.cli.support.workspace import run_settings
from streams.core.engine.dead_letter_limit import OFF, DeadLetterLimit, LimitPolicy
from streams.settings import Settings, SettingsError


def test_a_worker_has_a_limit_and_a_run_over_files_has_none() -> None:
    assert Settings().dead_letter_limit == LimitPolicy()
    of_a_run = run_settings(None, None)
    run = of_a_run.dead_letter_limit
    assert (run.share, run.run) == (OFF.share, OFF.run)
    limit = DeadLetterLimit(run)
    for offset in range(10_000):
        limit.record_dead_letter("UNDECODABLE", offset, (offset,))
    assert limit.reached is None
    assert (of_a_run.max_ahead_s, of_a_run.max_step_s) == (0, 0)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SHARE", "1.5", "SHARE must be a share from 0 .off. to 1, not 1.5"),
        ("SHARE", "-1", "SHARE must be at least 0, not -1"),
        ("SHARE", "nan", "SHARE must be at least 0"),
        ("RUN", "-1", "RUN must be at least 0, not -1"),
        ("RUN", "many", "RUN must be a whole number, not 'many'"),
        ("RUN", "20001", "RUN must be at most 20000, not 20001"),
        ("RECORDS", "0", "RECORDS must be at least 1, not 0"),
        ("RECORDS", "20001", "RECORDS must be at most 20000, not 20001"),
        ("SENDERS", "0", "SENDERS must be at least 1, not 0"),
    ],
)
def test_a_wrong_setting_is_one_sentence(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"EMISSIONS_DEAD_LETTER_LIMIT_{said}"):
        Settings.from_env({f"EMISSIONS_DEAD_LETTER_LIMIT_{name}": value})


@pytest.mark.parametrize("name", ["MAX_AHEAD_S", "MAX_STEP_S"])
def test_a_clock_is_not_believed_by_a_negative_time(name: str) -> None:
    with pytest.raises(SettingsError, match=f"EMISSIONS_{name} must be at least 0, not -1"):
        Settings.from_env({f"EMISSIONS_{name}": "-1"})
