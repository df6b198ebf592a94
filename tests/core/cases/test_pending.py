"""Cases that are ahead open exactly when it was said that they would."""

from __future__ import annotations

from streams.core.cases.pending import pending_cases
from streams.core.time.interval import DAY, HOUR
from tests.core.cases.facts import Docket, closes, violation, withdrawn
from tests.core.examples import local

DAY_ABOVE = violation("KZ-DAY", "2026-05-04")
RUN = violation("KZ-3H", "2026-05-04 06:00", "2026-05-04 10:00")
IN_RUN = violation("KZ-30", "2026-05-04 06:30")
OTHER_WEEK = violation("KZ-30", "2026-05-12 06:30")
KNOWN = (DAY_ABOVE, RUN, IN_RUN, OTHER_WEEK)


def test_each_episode_is_told_with_the_moment_at_which_its_case_opens() -> None:
    docket = Docket()
    first_seen = {each.id: closes(each) for each in KNOWN}
    ahead = pending_cases(KNOWN, first_seen, (), docket.scene)
    assert [(each.track, each.violations) for each in ahead] == [
        ("COURT", (RUN.id,)),
        ("PRESCRIPTION", (DAY_ABOVE.id,)),
        ("PRESCRIPTION", (OTHER_WEEK.id,)),
    ]
    docket.detect(KNOWN)
    docket.until(local("2026-05-12") + 10 * DAY)
    opened = {each.violations: each.opened_at for each in docket.last.values()}
    assert opened == {each.violations: each.opens_at for each in ahead}


def test_what_a_case_has_is_not_ahead_and_its_run_still_takes_half_hours() -> None:
    docket = Docket()
    ahead = pending_cases((RUN, IN_RUN), {}, (RUN.id,), docket.scene)
    assert ahead == []


def test_what_was_withdrawn_leads_to_no_case() -> None:
    assert pending_cases((withdrawn(DAY_ABOVE),), {}, (), Docket().scene) == []


def test_what_goes_on_has_no_end() -> None:
    silence = violation("KZ-GAP", "2026-05-04", track="INSPECTION")
    (case,) = pending_cases((silence,), {}, (), Docket().scene)
    assert (case.end, case.opens_at) == (None, local("2026-05-04") + 96 * HOUR)
