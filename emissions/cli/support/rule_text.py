"""Format rules for people and scripts: everything that a rule says, and where it says it."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import msgspec

from emissions.cli.support.output import Row
from streams.core.law.citation import citation
from streams.core.law.rule import Rule

LANGUAGES: Final = ("ru", "kk", "en")

language_option: Final = click.option(
    "--lang",
    "--language",
    "language",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Language of titles and labels.",
)
"""The option of commands that print titles."""

_WIDTH: Final = 78
_LABELS: Final = {
    "condition": ("условие", "шарт", "condition"),
    "meaning": ("выполнено, когда", "орындалады", "holds when"),
    "citation": ("закон", "заң", "law"),
    "sanction": ("санкция", "санкция", "sanction"),
    "track": ("следствие", "салдары", "track"),
    "valid": ("действует", "қолданыста", "in force"),
    "automatic": ("без инспектора", "инспекторсыз", "automatic"),
    "certainty": ("достоверность", "анықтығы", "certainty"),
    "source": ("прочитано в", "оқылған жері", "read in"),
    "file": ("файл", "файл", "file"),
    "kind_file": ("вид условия", "шарт түрі", "kind"),
    "cases": ("случаи", "жағдайлар", "cases"),
    "rule_set": ("набор правил", "ережелер жинағы", "rule set"),
}
TRACKS: Final = {
    "PRESCRIPTION": (
        "предписание без суда",
        "сотсыз нұсқама",
        "a prescription, without a court",
    ),
    "COURT": ("протокол в суд", "сотқа хаттама", "a protocol to the court"),
    "INSPECTION": ("основание для проверки", "тексеруге негіз", "ground for an inspection"),
}
_CERTAINTIES: Final = {
    "read": ("прочитано в тексте акта", "акт мәтінінен оқылды", "read in the text of the act"),
    "secondary": (
        "по официальному изложению",
        "ресми мазмұндама бойынша",
        "by an official summary",
    ),
    "inferred": ("наш вывод", "біздің қорытындымыз", "our conclusion"),
}
_FROM: Final = ("с {}", "{} бастап", "from {}")
_UNTIL: Final = ("до {}", "{} дейін", "until {}")
_NEVER: Final = ("никогда", "ешқашан", "never")


class RuleOrigin(NamedTuple):
    """Where a rule is written: its file, and the file of its cases with their number."""

    file: Path
    cases_file: Path | None
    cases: int


def rule_row(rule: Rule, language: str) -> Row:
    """Return what a list shows of a rule."""
    return {
        "code": rule.code,
        "title": rule.titles[language],
        "kind": _kind(rule),
        "since": rule.valid_from.isoformat(),
        "until": None if rule.valid_to is None else rule.valid_to.isoformat(),
        "automatic": None if rule.automatic is None else rule.automatic.isoformat(),
        "track": rule.track,
        "certainty": rule.certainty,
    }


def rule_document(rule: Rule, rule_set: str, origin: RuleOrigin) -> Row:
    """Return everything that a rule says, for scripts, and the files that say it."""
    told: Row = msgspec.to_builtins(rule, str_keys=True)
    return told | {
        "citation": citation(rule.legal_basis),
        "meaning": _meaning(rule),
        "rule_set": rule_set,
        "file": str(origin.file),
        "kind_file": inspect.getsourcefile(type(rule.condition)),
        "cases_file": None if origin.cases_file is None else str(origin.cases_file),
        "cases": origin.cases,
    }


def rule_lines(document: Row, language: str) -> Iterator[str]:
    """Yield the lines of a rule for people, its title first, at most 80 columns wide.

    What stands above a file is in that file.
    """
    at = LANGUAGES.index(language)
    titles = document["titles"]
    yield from textwrap.wrap(f"{document['code']}  {titles[language]}", _WIDTH)
    yield ""
    width = 2 + max(len(names[at]) for names in _LABELS.values())
    for other in LANGUAGES:
        if other != language:
            yield from _row(other, titles[other], width)
    for name, value in _fields(document, at):
        yield from _row(_LABELS[name][at], value, width)


def _fields(document: Row, at: int) -> Iterator[tuple[str, str]]:
    yield "citation", document["citation"]
    yield "sanction", document["sanction"]
    yield "track", f"{document['track']}: {TRACKS[document['track']][at]}"
    since, until = document["valid_from"], document["valid_to"]
    valid = [_FROM[at].format(since), *([] if until is None else [_UNTIL[at].format(until)])]
    yield "valid", " ".join(valid)
    automatic = document["automatic"]
    yield "automatic", _NEVER[at] if automatic is None else _FROM[at].format(automatic)
    yield "certainty", f"{document['certainty']}: {_CERTAINTIES[document['certainty']][at]}"
    yield "source", document["source"]
    yield "condition", _condition(document["condition"])
    yield "file", document["file"]
    yield "meaning", document["meaning"]
    yield "kind_file", document["kind_file"]
    if document["cases_file"] is not None:
        yield "cases", f"{document['cases']}: {document['cases_file']}"
    yield "rule_set", document["rule_set"]


def _row(label: str, value: str, width: int) -> list[str]:
    """Wrap a value beside its label; a path stays whole, so that it can be copied."""
    lines = textwrap.wrap(
        value, _WIDTH - width, break_long_words=False, break_on_hyphens=False
    ) or [""]
    return [f"{label:<{width}}{lines[0]}", *(f"{'':<{width}}{line}" for line in lines[1:])]


def _condition(condition: dict[str, Any]) -> str:
    parts = (f"{name} {_plain(value)}" for name, value in condition.items() if value)
    return ", ".join(parts)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {each}" for name, each in value.items())
    return str(value)


def _kind(rule: Rule) -> str:
    return str(rule.condition.__struct_config__.tag)


def _meaning(rule: Rule) -> str:
    """Return when the condition holds, as its kind says it."""
    told, _, _ = (inspect.getdoc(type(rule.condition)) or "").partition("\n\n")
    return " ".join(told.replace("``", "`").split())
