"""What `open-data export` refuses before it asks anything."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from emissions.cli.main import cli


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--day", "2026-05-04", "--every", "60"), "--day and --every"),
        (("--base", "https://example.kz/data"), "ends with /"),
        (("--every", "0"), "--every"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(cli, ["open-data", "export", "--directory", "x", *arguments])
    assert result.exit_code == 2
    assert said in result.output
