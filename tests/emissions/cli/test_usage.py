"""A mistake in the call itself: one sentence on standard error, exit 2."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from emissions.cli.main import cli


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["frobnicate"], "No such command 'frobnicate' (see `emissions --help`)"),
        (["--frobnicate"], "No such option: --frobnicate (see `emissions --help`)"),
        (["replay"], "Missing option '--registry' (see `emissions replay --help`)"),
        (["sql"], "Missing argument 'STATEMENT' (see `emissions sql --help`)"),
        (
            ["demo", "--days", "0"],
            "Invalid value for '--days': 0 is not in the range 1<=x<=366 "
            "(see `emissions demo --help`)",
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence(arguments: list[str], sentence: str) -> None:
    said = CliRunner().invoke(cli, arguments, prog_name="emissions")
    assert said.exit_code == 2
    assert said.output == f"emissions: {sentence}\n"


def test_no_arguments_show_the_help() -> None:
    said = CliRunner().invoke(cli, [], prog_name="emissions")
    assert said.output.startswith("Usage: emissions")
