"""README and RELIABILITY, held against the settings, files, commands and rules that they name."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from streams.cli.main import cli
from streams.rule_files import load_rules
from streams.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
RELIABILITY = (ROOT / "deploy" / "RELIABILITY.md").read_text("utf-8")
DEFAULTS = {PREFIX + each.name.upper(): each.default for each in fields(Settings)}
UNITS = {"h": 3600.0, "": 1.0}


@pytest.mark.parametrize("text", [README, RELIABILITY], ids=["README", "RELIABILITY"])
def test_settings_and_files_that_are_named_are_there(text: str) -> None:
    named = set(re.findall(r"EMISSIONS_[A-Z_]*[A-Z]", text))
    assert not named - DEFAULTS.keys()
    files = re.findall(r"`((?:deploy|schemas|sinks|streams|tests)/[\w./-]+)`", text)
    assert files
    assert not [name for name in files if not _is_there(name)]


def _is_there(name: str) -> bool:
    return (ROOT / name).exists() or (ROOT / f"{name}.py").exists()


@pytest.mark.parametrize("text", [README, RELIABILITY], ids=["README", "RELIABILITY"])
def test_modules_and_targets_that_are_named_are_there(text: str) -> None:
    modules = set(re.findall(r"python -m ((?:streams|tests)[\w.]*\w)", text))
    targets = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE))
    made = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert modules
    assert targets
    assert not [name for name in modules if find_spec(name) is None]
    assert not targets - set(made)


def test_defaults_are_those_of_the_settings() -> None:
    said = re.findall(r"`(EMISSIONS_\w+)`\s+\(?(\d[\d.]*)(?: (h)\b)?", README)
    assert len(said) >= 5
    for name, number, unit in said:
        assert float(number) * UNITS[unit] == DEFAULTS[name], name
    limit = re.search(
        r"half of the last `\.\.\._RECORDS` (\d+)\).*?`\.\.\._SENDERS`, (\d+)", README, re.DOTALL
    )
    assert limit is not None
    assert (int(limit[1]), int(limit[2])) == (
        DEFAULTS["EMISSIONS_DEAD_LETTER_LIMIT_RECORDS"],
        DEFAULTS["EMISSIONS_DEAD_LETTER_LIMIT_SENDERS"],
    )
    assert DEFAULTS["EMISSIONS_DEAD_LETTER_LIMIT_SHARE"] == 0.5


def test_commands_that_are_shown_are_those_of_the_program() -> None:
    shown = re.findall(r"(?:^|`)emissions ([a-z-]+)(?: ([a-z-]+))?", README, re.MULTILINE)
    assert len(shown) > 10
    context = click.Context(cli)
    for name, part in shown:
        command = cli.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group) and part:
            assert command.get_command(context, part) is not None, f"{name} {part}"


def test_rules_that_are_not_judged_are_those_without_a_file() -> None:
    limits = README.partition("## Limits")[2].partition("not judged yet")[0]
    absent = set(re.findall(r"KZ-[A-Z0-9]+", limits))
    assert absent
    assert not absent & {rule.code for rule in load_rules().rules}
