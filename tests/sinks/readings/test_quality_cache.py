"""No code of the table is hidden by the codes that plain readings with the same channels have."""

from __future__ import annotations

from math import nan
from typing import Final

import pytest
from msgspec import structs

from schemas.reading import Reading
from sinks.readings.quality import quality_assessor
from streams.core.law.policy import Policy
from streams.core.law.quality_codes import (
    AUXILIARY_MISSING,
    CODES,
    EXCUSED,
    NOT_FINITE,
    OUT_OF_RANGE,
    OXYGEN_TOO_HIGH,
    STATE,
    STATUS,
    UNKNOWN_PARAMETER,
    UNVERIFIED,
    ZEROED,
    Scope,
)
from streams.core.quality.assess import channel_codes
from streams.core.sources.history import RegistryHistory
from tests.sinks.make import MARCH, MINUTE
from tests.sinks.readings.test_quality import HISTORIES, codes_of

CHANNELS: Final = ("SO2", "NO", "O2", "H2O", "TEMPERATURE", "PRESSURE", "VELOCITY")
PLAIN: Final = Reading(
    "S1", MARCH, 60, "NORMAL", "A1", dict.fromkeys(CHANNELS, 7.4), {}
)  # fmt: skip


def with_values(**values: float) -> Reading:
    return structs.replace(PLAIN, values={**PLAIN.values, **values})


EXAMPLES: Final[dict[str, tuple[Reading, ...]]] = {
    NOT_FINITE: (with_values(SO2=nan),),
    OUT_OF_RANGE: (with_values(SO2=3000.1),),
    STATUS: (structs.replace(PLAIN, flags={"SO2": "C"}),),
    STATE: (structs.replace(PLAIN, state="STARTUP"),),
    AUXILIARY_MISSING: (
        structs.replace(PLAIN, values={"SO2": 7.4}),
        with_values(H2O=100.0),
        with_values(PRESSURE=0.0),
        with_values(TEMPERATURE=-300.0),
    ),
    OXYGEN_TOO_HIGH: (with_values(O2=20.0),),
    EXCUSED: (structs.replace(PLAIN, measured_at=MARCH + 60 * MINUTE),),
    ZEROED: (with_values(SO2=-1.0),),
    UNVERIFIED: (structs.replace(PLAIN, device_serial="A2"),),
    UNKNOWN_PARAMETER: (with_values(NEW=7.4),),
}
"""For each code of a channel, readings that have it. A reading whose values are all plain is put
beside each: a code that only some values have must not be hidden by it."""


EACH: Final = [(code, reading) for code, readings in EXAMPLES.items() for reading in readings]


def test_every_code_of_a_channel_has_an_example() -> None:
    of_channels = [each.code for each in CODES if each.scope is not Scope.MESSAGE]
    assert list(EXAMPLES) == of_channels, "give the new code a reading that has it"


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize(("code", "odd"), EACH)
def test_code_is_found_beside_plain_readings_of_the_same_channels(
    history: RegistryHistory, code: str, odd: Reading
) -> None:
    plain = structs.replace(
        odd, values=dict.fromkeys(odd.values, 7.4), measured_at=MARCH, device_serial="A1"
    )
    entry = history.source(odd.source_id, odd.measured_at + MINUTE)
    assert entry is not None
    expected = [channel_codes(each, entry) for each in (plain, odd)]
    assert any(each.startswith(code) for each in expected[1].values())
    assess_quality = quality_assessor(history, Policy(), 1)
    assert codes_of(assess_quality, [plain, odd] * 10) == expected * 10  # judged in columns
    assert codes_of(assess_quality, [plain, odd]) == expected  # judged one by one
