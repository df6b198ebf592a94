"""What officials decided is in the bundle of a case, and what follows from it is compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from emissions.bundle.material import bundle_of
from emissions.verify.run import Verification, verify_bundle
from streams.core.cases.measures import ReceivedMeasure
from tests.emissions.verify.made import (
    SYSTEM_KEY_PAIR,
    SYSTEM_NAME,
    bundled,
    material_of,
    measured_case,
    measures_of,
    sealed,
)


def altered(**changes: Any) -> Verification:
    """A bundle with other measures, in a log that has the case as it was published."""
    material = material_of(measured_case())
    made = bundle_of(
        replace(material, **changes), sealed(material), [(SYSTEM_NAME, SYSTEM_KEY_PAIR)]
    )
    return verify_bundle(made)


def without(identity: str) -> list[ReceivedMeasure]:
    return [each for each in measured_case().measures if each.measure.id != identity]


def changed(identity: str, arrived: int = 0, **fields: Any) -> list[ReceivedMeasure]:
    """The measures with one that says something else, or came later."""
    return [
        each
        if each.measure.id != identity
        else ReceivedMeasure(
            msgspec.structs.replace(each.measure, **fields), each.arrived_at + arrived
        )
        for each in measured_case().measures
    ]


def test_the_case_follows_from_its_measures() -> None:
    case = measured_case().cases[-1]
    assert (case.state, case.repeat_of, case.part) == ("CLOSED", ("F-1",), "2")
    assert case.delivered_at is not None
    found = verify_bundle(bundled(material_of(measured_case())))
    assert (found.problems, found.verified) == ((), True)
    assert found.judged is not None
    assert found.judged.notes == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda: without("F-1"), "repeat_of"),
        (lambda: without("F-1"), "part"),
        (lambda: without("D-1"), "delivered_at"),
        (lambda: without("D-2"), "state"),
        (lambda: changed("F-1", source_id="B"), "repeat_of"),
        (lambda: changed("D-1", delivered_at=1_700_000_000_000), "delivered_at"),
        (lambda: changed("D-2", closes=False), "state"),
        (lambda: changed("D-2", arrived=30 * 86_400_000), "state"),
    ],
)
def test_a_measure_that_was_altered_or_removed_is_named(change: Any, named: str) -> None:
    found = altered(measures=measures_of(change()))
    assert {each.code for each in found.problems} == {"DIFFERENT"}
    assert any(named in each.where for each in found.problems)


def test_a_message_that_is_no_measure_is_a_problem() -> None:
    measures = measures_of(measured_case().measures)
    for value in (None, b"nonsense", measured_case().records[0].value):
        found = altered(measures=(measures[0]._replace(value=value), *measures[1:]))
        assert ("RECORD", "measures.bin") in {(each.code, each.where) for each in found.problems}
    renamed = altered(measures=(measures[0]._replace(key=b"another"), *measures[1:]))
    assert any("is not its id" in each.what for each in renamed.problems)
