"""Every kind of finding that is published has a title in three languages."""

from __future__ import annotations

from streams.core.engine import authentication, software
from streams.core.judging import exceedance, mass_comparison, stations
from streams.core.law.rule import Rule
from streams.core.records.findings import YEAR_NOTICE
from streams.rules.detectors import load_detectors
from streams.rules.finding_kinds import finding_kinds
from streams.rules.load import load_rules


def _of_years(rule: Rule) -> set[str]:
    return {f"{YEAR_NOTICE}{share}" for share in getattr(rule.condition, "notices_pct", ())}


def test_every_kind_that_is_published_is_named() -> None:
    of_law = {
        exceedance.KIND,
        mass_comparison.MASS_DIFFERS,
        stations.INCOMPLETE_CHANNELS,
        stations.TYPE_CERTIFICATE,
        software.SOFTWARE_CHANGED,
        authentication.UNSIGNED_READINGS,
        authentication.CHAIN_BROKEN,
    }.union(*map(_of_years, load_rules().rules))
    assert len(of_law) == 9
    assert set(finding_kinds()) == of_law | set(load_detectors())


def test_a_kind_has_titles_and_says_where_it_comes_from() -> None:
    for kind in finding_kinds().values():
        titles = [kind.title(language) for language in ("ru", "kk", "en")]
        assert len({*titles}) == 3
        assert all(titles)
        assert kind.source
    suspicions = {kind.kind for kind in finding_kinds().values() if kind.suspicion}
    assert "FLATLINE" in suspicions
    assert "MASS_DIFFERS" not in suspicions
