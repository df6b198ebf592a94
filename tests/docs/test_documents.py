"""Every document, held against the settings, files, modules, commands and rules that it names."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from emissions.cli.main import cli
from streams.rules.load import load_rules
from streams.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
ALL = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PATHS = [path for path in ALL if path.name != "CHANGELOG.md"]  # it speaks of what was
DOCUMENTS = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in PATHS}
DEFAULTS = {PREFIX + each.name.upper(): each.default for each in fields(Settings)}
FOLDERS = "emissions|deploy|docs|schemas|sinks|streams|tests"
PROMPT = re.compile(r"^(?:\w+=\S+ )*emissions (?P<rest>[a-z-].*)$")
VALUE = re.compile(r"`(EMISSIONS_\w+)`\s+\((\d[\d.]*)(?: (h)\b)?")
"""A setting with its value behind it: `EMISSIONS_STUCK_S` (120)."""

each_document = pytest.mark.parametrize("name", sorted(DOCUMENTS))


@each_document
def test_settings_that_are_named_exist(name: str) -> None:
    named = set(re.findall(r"EMISSIONS_[A-Z_]*[A-Z]", DOCUMENTS[name]))
    assert not named - DEFAULTS.keys() - {"EMISSIONS_TOPIC"}


@each_document
def test_defaults_that_are_named_are_those_of_the_settings(name: str) -> None:
    for setting, number, hours in VALUE.findall(DOCUMENTS[name]):
        assert float(number) * (3600 if hours else 1) == DEFAULTS[setting], setting


@each_document
def test_files_and_modules_that_are_named_exist(name: str) -> None:
    text = DOCUMENTS[name]
    files = re.findall(rf"`((?:{FOLDERS})/[\w./-]*)`", text)
    assert not [file for file in files if not _is_there(file)]
    modules = re.findall(rf"python -m ((?:{FOLDERS})[\w.]*\w)", text)
    assert not [module for module in modules if find_spec(module) is None]


def _is_there(name: str) -> bool:
    return (ROOT / name).exists() or (ROOT / f"{name}.py").exists()


@each_document
def test_targets_that_are_named_are_in_the_makefile(name: str) -> None:
    made = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = re.findall(r"(?:^|`)make ([a-z-]+)", DOCUMENTS[name], re.MULTILINE)
    assert not set(named) - set(made)


@each_document
def test_links_lead_to_pages_and_headings_that_exist(name: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", _prose(DOCUMENTS[name])):
        if "://" in link:
            continue
        path, _, heading = link.partition("#")
        target = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        assert target.exists(), link
        if heading:
            assert heading in _headings(target.read_text("utf-8")), link


def _prose(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def _headings(text: str) -> set[str]:
    """Anchors of the headings, as hosts of repositories make them."""
    found = re.findall(r"^#+ (.+)$", _prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in found}


def test_every_page_is_reached_from_the_first() -> None:
    reached, left = set(), ["README.md"]
    while left:
        name = left.pop()
        if name in reached or name not in DOCUMENTS:
            continue
        reached.add(name)
        for link in re.findall(r"\]\(([^)\s#]+)", _prose(DOCUMENTS[name])):
            target = ((ROOT / name).parent / link).resolve()
            if target.suffix == ".md" and target.is_relative_to(ROOT):
                left.append(str(target.relative_to(ROOT)))
    assert reached == DOCUMENTS.keys()


@each_document
def test_commands_that_are_shown_are_understood_by_the_program(name: str) -> None:
    for line in _commands(DOCUMENTS[name]):
        words = [word for word in shlex.split(line, comments=True) if word]
        _parse(cli, click.Context(cli, info_name="emissions", **cli.context_settings), words)


@each_document
def test_commands_that_are_named_are_those_of_the_program(name: str) -> None:
    if name.startswith("docs/how-to/"):
        return  # a guide adds what it names; it is carried out by a test of its own
    context = click.Context(cli, **cli.context_settings)
    for called, part in re.findall(r"`emissions ([a-z-]+)(?: ([a-z-]+))?", DOCUMENTS[name]):
        command = cli.get_command(context, called)
        assert command is not None, called
        if isinstance(command, click.Group) and part:
            assert command.get_command(context, part) is not None, f"{called} {part}"


def _commands(text: str) -> Iterator[str]:
    """Lines of the blocks that call the program, a continued one as one line."""
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        if language:
            continue
        for line in block.replace("\\\n", " ").splitlines():
            if (found := PROMPT.match(line.strip())) and not line.startswith("emissions."):
                yield found["rest"].partition(" | ")[0].partition(" > ")[0]


def _parse(command: click.Command, context: click.Context, words: list[str]) -> None:
    """Go down to the command that is called and let it read its words. Raises UsageError."""
    if isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, words
        return _parse(found, click.Context(found, context, words[0]), words[1:])
    command.make_parser(context).parse_args(words)
    return None


def test_first_page_fits_on_one_screen_and_a_half() -> None:
    assert len(DOCUMENTS["README.md"].splitlines()) <= 90


def test_rules_that_are_not_judged_are_those_without_a_file() -> None:
    limits = DOCUMENTS["docs/operations/deploy.md"].partition("## Limits")[2]
    absent = set(re.findall(r"KZ-[A-Z0-9]+", limits.partition("not judged yet")[0]))
    assert absent
    assert not absent & {rule.code for rule in load_rules().rules}


def test_rule_that_is_shown_is_the_file_of_it() -> None:
    page = DOCUMENTS["docs/concepts/rules.md"]
    (shown,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    rules = [path.read_text("utf-8") for path in (ROOT / "streams" / "rules").rglob("*.yaml")]
    assert shown in rules


def test_every_concept_has_a_picture() -> None:
    concepts = [text for name, text in DOCUMENTS.items() if name.startswith("docs/concepts/")]
    assert len(concepts) >= 7
    assert all(re.search(r"^```\n", text, re.MULTILINE) for text in concepts)


def test_every_decision_says_context_choice_rejections_and_consequences() -> None:
    pages = [text for name, text in DOCUMENTS.items() if re.match(r"docs/decisions/\d{4}-", name)]
    assert len(pages) >= 8
    for text in pages:
        assert re.findall(r"^## (\w+)", text, re.MULTILINE) == [
            "Context", "Decision", "Rejected", "Consequences",
        ], text.splitlines()[0]  # fmt: skip
