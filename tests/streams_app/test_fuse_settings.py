"""The settings of the fuse: what they lead to, what is refused, and who runs without it."""

from __future__ import annotations

import pytest

from streams.cli.workspace import run_settings
from streams.core.fuse import OFF, Fuse, FusePolicy
from streams.fuse import fuse_policy
from streams.settings import Settings, SettingsError


def test_a_worker_has_a_fuse_and_a_run_over_files_has_none() -> None:
    assert fuse_policy(Settings()) == FusePolicy()
    run = fuse_policy(run_settings(None, None))
    assert (run.share, run.run) == (OFF.share, OFF.run)
    fuse = Fuse(run)
    for offset in range(10_000):
        fuse.dead("UNDECODABLE", offset)
    assert fuse.blown is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FUSE_SHARE", "1.5", "EMISSIONS_FUSE_SHARE must be a share from 0 .off. to 1, not 1.5"),
        ("FUSE_SHARE", "-1", "EMISSIONS_FUSE_SHARE must be at least 0, not -1"),
        ("FUSE_SHARE", "nan", "EMISSIONS_FUSE_SHARE must be at least 0"),
        ("FUSE_RUN", "-1", "EMISSIONS_FUSE_RUN must be at least 0, not -1"),
        ("FUSE_RUN", "many", "EMISSIONS_FUSE_RUN must be a whole number, not 'many'"),
        ("FUSE_RECORDS", "0", "EMISSIONS_FUSE_RECORDS must be at least 1, not 0"),
        ("FUSE_RECORDS", "20001", "EMISSIONS_FUSE_RECORDS must be at most 20000, not 20001"),
        ("FUSE_HOLD_S", "-1", "EMISSIONS_FUSE_HOLD_S must be at least 0, not -1"),
    ],
)
def test_a_wrong_setting_is_one_sentence(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Settings.from_env({f"EMISSIONS_{name}": value})
