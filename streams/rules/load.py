"""Reads the rules of the law from YAML files: the packaged ones of ``kz/``, or a directory's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from hashlib import sha256
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, Union, cast

import msgspec
import yaml

import streams.rules.kinds  # noqa: F401 - its files register the kinds of rules
from streams.core.judging.evaluator import WindowEvaluator, conditions, evaluator_of
from streams.core.law.country import Country
from streams.core.law.rule import Condition, Rule, RuleSet
from streams.core.time.window_kinds import WINDOW_KINDS
from streams.core.windows.mean import UNMADE
from streams.rules.country import PROFILE, home, load_country
from streams.rules.errors import RuleError, reason_of
from streams.rules.folder import rule_folder
from streams.rules.payment import PAYMENT

LANGUAGES: Final = ("ru", "kk", "en")
"""Every rule has a title in each."""

CASES: Final = ".cases.yaml"
"""End of the names of files with the cases of a rule, which lie beside it."""


NO_RULES: Final = (CASES, PROFILE, PAYMENT)
"""Ends of the names of files that lie beside rules and are none."""


def load_rules(directory: str | Path | None = None) -> RuleSet:
    """Load the rule files below a directory, or of a packaged set; by default Kazakhstan's.

    Raises RuleError for a file that is no rule, for a rule that would never be judged, and where
    there are no rules.
    """
    path = rule_folder(directory)
    found = list(rule_files(path))
    if not found:
        raise RuleError(f"{directory} has no rule file (*.yaml)")
    return parse_rules(found, load_country(directory))


def named_rules(directory: str | Path | None = None) -> list[tuple[str, Rule]]:
    """Return each rule of a directory with the name of its file below it. Raises RuleError."""
    return [(name, _checked(name, text)) for name, text in rule_files(rule_folder(directory))]


def rule_files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each rule file below a folder. Raises RuleError."""
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            yield from rule_files(item, f"{prefix}{item.name}/")
        elif item.name.endswith(".yaml") and not item.name.endswith(NO_RULES):
            name = f"{prefix}{item.name}"
            try:
                yield name, item.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                raise RuleError(f"{name}: the file is not UTF-8") from None


def parse_rules(files: Iterable[tuple[str, str]], country: Country | None = None) -> RuleSet:
    """Parse rule files given as (name, text), of Kazakhstan where no country is named.

    A change of law is another file of the same code, in force from where the one before ends. The
    version is a hash over the rules' content: two pipelines that name the same version judged by
    the same law. Raises RuleError.
    """
    rules: dict[str, list[tuple[str, Rule]]] = {}
    for name, text in sorted(files):
        rule = _checked(name, text)
        versions = rules.setdefault(rule.code, [])
        for other, known in versions:
            if (since := _both_from(rule, known)) is not None:
                raise RuleError(
                    f"{name}: the rule {rule.code} is defined twice from {since} on, "
                    f"here and in {other}"
                )
        versions.append((name, rule))
    found = [rule for versions in rules.values() for _, rule in versions]
    return rule_set(found, country or home())


def rule_set(rules: Iterable[Rule], country: Country) -> RuleSet:
    """Put rules together, in the order of codes and dates, and name them by their content."""
    ordered = tuple(sorted(rules, key=lambda rule: (rule.code, rule.valid_from)))
    content = msgspec.json.encode(
        msgspec.to_builtins(ordered, str_keys=True), order="deterministic"
    )
    version = f"{country.code.lower()}-{sha256(content).hexdigest()[:12]}"
    return RuleSet(version, ordered, country)


def _checked(name: str, text: str) -> Rule:
    """Parse the rule of a file; raises RuleError with its name."""
    try:
        return _parse(text)
    except (yaml.YAMLError, msgspec.ValidationError, ValueError) as error:
        raise RuleError(f"{name}: {reason_of(error)}") from None


def _both_from(one: Rule, other: Rule) -> date | None:
    """Return from when on both rules are in force, None if they never are."""
    since = max(one.valid_from, other.valid_from)
    ends = [rule.valid_to for rule in (one, other) if rule.valid_to is not None]
    return None if ends and min(ends) <= since else since


class _Loader(yaml.SafeLoader):
    """Safe YAML whose numbers with a point are the decimals that were written."""


def _decimal(loader: _Loader, node: yaml.ScalarNode) -> Decimal | float:
    try:
        return Decimal(str(node.value).replace("_", ""))
    except InvalidOperation:  # .inf and .nan
        return float(loader.construct_yaml_float(node))


_Loader.add_constructor("tag:yaml.org,2002:float", _decimal)


def _parse(text: str) -> Rule:
    """Parse and check the rule of a file; raise ValueError with the reason."""
    written = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    known = conditions()
    kind = _kind(written)
    if kind is not None and kind not in known:
        names = ", ".join(sorted(known))
        raise ValueError(f"nobody evaluates the condition {kind!r}; the kinds are {names}")
    rule = msgspec.convert(written, _rule_type(tuple(known.values())))
    if lacking := set(LANGUAGES) - set(rule.titles):
        raise ValueError(f"titles lack {', '.join(sorted(lacking))}")
    if rule.valid_to is not None and rule.valid_to <= rule.valid_from:
        raise ValueError("the rule is never in force: valid_to is not after valid_from")
    evaluator = evaluator_of(rule)
    reason = evaluator.never()
    if reason is None and isinstance(evaluator, WindowEvaluator):
        reason = _no_mean(evaluator)
    if reason is not None:
        raise ValueError(f"the rule would never be judged: {reason}")
    return rule


def _kind(written: Any) -> str | None:
    condition = written.get("condition") if isinstance(written, dict) else None
    kind = condition.get("kind") if isinstance(condition, dict) else None
    return kind if isinstance(kind, str) else None


@cache
def _rule_type(kinds: tuple[type[Condition], ...]) -> type[Rule]:
    """`Rule` with a condition of one of the kinds, as it is decoded."""
    made = msgspec.defstruct(
        "RuleFile",
        [("condition", Union[kinds])],  # noqa: UP007 - of a tuple
        bases=(Rule,),
        frozen=True,
        forbid_unknown_fields=True,
    )
    return cast("type[Rule]", made)


def _no_mean(evaluator: WindowEvaluator[Any]) -> str | None:
    """Why no mean is ever made that the evaluator asks for, or None."""
    asked = evaluator.windows()
    if not asked:
        return "it names no window"
    names = [kind.name for kind in WINDOW_KINDS]
    for window, unit in asked:
        if window not in names:
            return f"there is no window {window}; the windows are {', '.join(names)}"
        if UNMADE[names.index(window)] == unit:
            made = ", ".join(
                name for name, unmade in zip(names, UNMADE, strict=True) if unmade != unit
            )
            return f"no mean of {window} in {unit} is made, only of {made}"
    return None
