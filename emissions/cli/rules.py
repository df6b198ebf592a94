"""``emissions rules``: list, show and check the rules of the law and their cases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from emissions.cli.support.errors import BAD_INPUT, BROKEN, CommandError
from emissions.cli.support.output import format_option, show_rows
from emissions.cli.support.rule_text import (
    RuleOrigin,
    language_option,
    rule_document,
    rule_lines,
    rule_row,
)
from streams.counted import counted

if TYPE_CHECKING:
    from streams.core.law.rule import Rule, RuleSet


@click.group("rules")
def command() -> None:
    """List, show and check the rules of the law (EMISSIONS_RULES: another directory).

    \b
    Examples:
      emissions rules list
      emissions rules check drafts
    """


@command.command("list")
@language_option
@format_option
def list_rules(language: str, form: str) -> None:
    """List the rules with title, kind and dates.

    \b
    Examples:
      emissions rules list --lang kk
      emissions rules list --format json
    """
    rules = _rules(None).rules
    columns = ["code", "title", "kind", "since", "until", "automatic", "track", "certainty"]
    if all(rule.valid_to is None for rule in rules):
        columns.remove("until")
    show_rows((rule_row(rule, language) for rule in rules), columns, form)


@command.command("show")
@click.argument("code")
@language_option
@format_option
def show(code: str, language: str, form: str) -> None:
    """Show everything that the rule CODE says, and the files that say it.

    Every version of it, where the law has changed.

    \b
    Examples:
      emissions rules show KZ-30
      emissions rules show KZ-15 --lang ru
    """
    rules = _rules(None)
    versions = [rule for rule in rules.rules if rule.code == code.upper()]
    if not versions:
        known = ", ".join(dict.fromkeys(rule.code for rule in rules.rules))
        raise CommandError(f"{code} is no rule; the rules are {known}", BAD_INPUT)
    documents = [rule_document(rule, rules.version, _origin(rule)) for rule in versions]
    if form == "json":
        show_rows(documents, tuple(documents[0]), form)
        return
    for number, document in enumerate(documents):
        click.echo("\n" if number else "", nl=False)
        for line in rule_lines(document, language):
            click.echo(line)


@command.command("check")
@click.argument("directory", required=False, type=click.Path(path_type=Path, file_okay=False))
def check(directory: Path | None) -> None:
    """Check the rule files of DIRECTORY and judge the cases beside them (*.cases.yaml).

    Without DIRECTORY, checks the rules in use. Exit 2: a file is invalid, or a rule could never be
    judged; exit 1: a case gives another result.

    \b
    Example:
      emissions rules check drafts
    """
    from emissions.rule_cases.case import read_cases
    from emissions.rule_cases.judge import check_cases
    from streams.rules.load import CASES

    rules = _rules(directory)
    folder = _folder(directory)
    files = [read_cases(path) for path in sorted(folder.rglob(f"*{CASES}"))]
    differing = [each for cases in files for each in check_cases(cases, rules)]
    for each in differing:
        click.echo(each)
    cases = sum(len(each.cases) for each in files)
    if differing:
        raise CommandError(
            f"{counted(len(differing), 'difference')} in {counted(cases, 'case')}", BROKEN
        )
    without = {rule.code for rule in rules.rules} - {each.rule for each in files}
    click.echo(
        f"{folder}: {counted(len(rules.rules), 'rule')}, {counted(cases, 'case')}, no mistakes"
    )
    if without:
        click.echo(f"without cases: {', '.join(sorted(without))}")
    click.echo(f"rule set {rules.version}")


def _named(directory: Path | None) -> str | Path | None:
    from streams.settings import Settings

    return Settings.from_env().rules if directory is None else directory


def _rules(directory: Path | None) -> RuleSet:
    from streams.rules.load import load_rules

    return load_rules(_named(directory))


def _folder(directory: Path | None) -> Path:
    from streams.rules.folder import rule_folder

    return rule_folder(_named(directory))


def _origin(rule: Rule) -> RuleOrigin:
    """Find the file of a rule, and that of its cases."""
    from emissions.rule_cases.case import read_cases
    from streams.rules.load import CASES, named_rules

    folder = _folder(None)
    file = next(
        (
            folder / name
            for name, each in named_rules(_named(None))
            if (each.code, each.valid_from) == (rule.code, rule.valid_from)
        ),
        folder,
    )
    for path in sorted(folder.rglob(f"*{CASES}")):
        cases = read_cases(path)
        if cases.rule == rule.code:
            return RuleOrigin(file, path, len(cases.cases))
    return RuleOrigin(file, None, 0)
