"""Finds a directory of rules: the packaged one of a country, or another."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from streams.rules.errors import RuleError

HOME: Final = "kz"
"""The packaged rules that hold where nothing else is named."""

_PACKAGED: Final = Path(__file__).parent


def packaged_sets() -> tuple[str, ...]:
    """List the names of the packaged rule sets: the code of a country or of a union each."""
    return tuple(sorted(path.parent.name for path in _PACKAGED.glob("*/country.yaml")))


def rule_folder(named: str | Path | None = None) -> Path:
    """Return a directory of rule files, the packaged one of that name, or that of Kazakhstan.

    A directory goes before a packaged set of its name. Raises RuleError where there is neither.
    """
    if named is None:
        return _PACKAGED / HOME
    if Path(named).is_dir():
        return Path(named)
    if str(named) in packaged_sets():
        return _PACKAGED / str(named)
    raise RuleError(
        f"{named} is no directory of rule files, and none of the packaged sets "
        f"{', '.join(packaged_sets())}"
    )
