"""Names the kinds of findings: those of the law, ``findings.yaml``, and the suspicions."""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec
import yaml

from streams.rules.detectors import load_detectors


class Titles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A title in three languages."""

    ru: str
    kk: str
    en: str


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    titles: Titles
    statistic: str
    unit: str
    source: str


class FindingKind(msgspec.Struct, frozen=True):
    """A kind of findings: its title, the number it gives, and where it comes from.

    ``suspicion``: of statistics alone, no act names it. ``unit`` may be empty: no number, or one
    whose unit is that of the channel.
    """

    kind: str
    suspicion: bool
    titles: Titles
    statistic: str
    unit: str
    source: str

    def title(self, language: str) -> str:
        """Return the title in ru, kk or en."""
        found: str = getattr(self.titles, language)
        return found


@cache
def finding_kinds() -> dict[str, FindingKind]:
    """Return the kinds by their code, those of the law first."""
    text = resources.files("streams").joinpath("rules", "findings.yaml").read_text("utf-8")
    written = msgspec.convert(yaml.safe_load(text), dict[str, _Written])
    found = {
        kind: FindingKind(kind, False, each.titles, each.statistic, each.unit, each.source)
        for kind, each in written.items()
    }
    for code, detector in load_detectors().items():
        wording = detector.wording
        titles = msgspec.convert(wording.titles, Titles)
        found[code] = FindingKind(
            code, not wording.basis, titles, wording.statistic, wording.unit, wording.source
        )
    return found
