"""What a dossier is made of: the case, its violations, the registration, the rules, the chart."""

from __future__ import annotations

from typing import NamedTuple

from streams.core.cases.content import ToldNotice
from streams.core.explanation.chart import Chart
from streams.core.law.rule import RuleSet
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Violation
from streams.core.registry.enterprise import Enterprise, Source


class DossierFacts(NamedTuple):
    """Everything that one dossier says.

    ``violations`` are the last revisions, in the order of the case.
    ``enterprise`` and ``source`` are as registered when the case was last revised, None where
    nothing was stored. ``factors`` are the key factors of the decision by language (Digital Code,
    article 43), ``bundle`` the file that proves it (name, SHA-256 in hex), ``address`` the page on
    which anybody can have it verified. ``notices`` are those of the operator that touch the case
    and changed nothing, or not all that they say.
    """

    case: AdministrativeCase
    violations: tuple[Violation, ...]
    rules: RuleSet
    zone: str
    enterprise: Enterprise | None = None
    source: Source | None = None
    charts: tuple[Chart, ...] = ()
    factors: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 (never changed)
    bundle: tuple[str, str] | None = None
    address: str = ""
    notices: tuple[ToldNotice, ...] = ()
