"""Reads the rules of the law from ``streams/rules/*.yaml``."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from importlib import resources

import msgspec
import yaml

from streams.core.rules import Rule, RuleSet


class RuleError(Exception):
    """A rule file that cannot be used: one sentence with the file, the place and the reason."""


def load_rules(files: Iterable[tuple[str, str]] | None = None) -> RuleSet:
    """The rule set of files given as (name, text); the packaged ones by default.

    The version is a hash over the rules' content: two pipelines that name the same version
    judged by the same law. Raises RuleError.
    """
    if files is None:
        folder = resources.files("streams").joinpath("rules")
        files = [
            (item.name, item.read_text(encoding="utf-8"))
            for item in folder.iterdir()
            if item.name.endswith(".yaml")
        ]
    rules: dict[str, Rule] = {}
    for name, text in sorted(files):
        try:
            rule = msgspec.convert(yaml.safe_load(text), Rule)
        except (yaml.YAMLError, msgspec.ValidationError) as error:
            raise RuleError(f"{name}: {' '.join(str(error).split())}") from None
        if rule.code in rules:
            raise RuleError(f"{name}: the rule {rule.code} is defined twice")
        rules[rule.code] = rule
    ordered = tuple(rules[code] for code in sorted(rules))
    content = msgspec.json.encode(
        msgspec.to_builtins(ordered, str_keys=True), order="deterministic"
    )
    return RuleSet(version=f"kz-{sha256(content).hexdigest()[:12]}", rules=ordered)
