"""The error of rule files, and the reason it gives."""

from __future__ import annotations

import yaml


class RuleError(Exception):
    """A rule file that cannot be used: one sentence with the file, the place and the reason."""


def reason_of(error: Exception) -> str:
    """Return in one line why a file of rules cannot be read; of bad YAML the line and column."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        return f"{place}{error.problem or error.context}, so it is no YAML"
    return " ".join(str(error).split())
