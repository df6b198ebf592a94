"""БИН, regions, moments, and enterprises that come as records from the topic."""

from __future__ import annotations

import copy
import math
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.registry.enterprise import Enterprise
from streams.registry.avro import RECORD, enterprise_from_record, enterprise_to_record
from streams.registry.errors import RegistryError
from streams.registry.typed import build
from streams.registry.yaml_tree import parse
from streams.rules.country import home
from streams.rules.kinds.obligation import meets_criteria
from tests.schemas.examples import ENTERPRISE
from tests.support.generated import examples

CODEC = Codec(FileIds())
COUNTRY = home()
NUMBER = COUNTRY.identity
assert NUMBER.check is not None
CHECK = NUMBER.check
REGIONS = COUNTRY.regions


def test_the_check_digit_of_a_business_number() -> None:
    assert NUMBER.accepts("990140001233")
    assert CHECK.of("99014000123") == 3
    assert CHECK.of("00000000001") == 0  # 11 mod 11
    assert CHECK.of("00000000010") == 1  # 10 mod 11, so the second weights: 1
    assert CHECK.of("00000000281") is None  # 109 and 21, both 10 mod 11
    for text in ("", "99014000123", "9901400012333", "99014000123x", "٩٩٠١٤٠٠٠١٢٣٣"):
        assert not NUMBER.accepts(text)


@given(st.integers(0, 10**11 - 1), st.integers(1, 9))
def test_a_wrong_digit_is_seen(number: int, shift: int) -> None:
    digits = f"{number:011d}"
    check = CHECK.of(digits)
    if check is None:
        assert not any(NUMBER.accepts(f"{digits}{last}") for last in range(10))
        return
    assert NUMBER.accepts(f"{digits}{check}")
    assert not NUMBER.accepts(f"{digits}{(check + shift) % 10}")


def test_regions_are_the_twenty_of_the_standard() -> None:
    assert sorted(REGIONS) == [
        f"KZ-{number}"
        for number in (
            10, 11, 15, 19, 23, 27, 31, 33, 35, 39, 43, 47, 55, 59, 61, 62, 63, 71, 75, 79,
        )
    ]  # fmt: skip
    names = [name for region in REGIONS.values() for name in region]
    assert len(set(names)) == 60
    assert REGIONS["KZ-62"].kk == "Ұлытау облысы"


def test_an_enterprise_survives_the_topic() -> None:
    record = enterprise_to_record(ENTERPRISE)
    name, found = CODEC.decode(CODEC.encode(RECORD, record))
    assert name == RECORD
    assert enterprise_from_record(found) == ENTERPRISE


def _set(record: Any, path: list[str | int], value: Any) -> None:
    *way, last = path
    for step in way:
        record = record[step]
    record[last] = value


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (["bin"], "1", "registration bin: '1' is no БИН"),
        (["sources", 0, "limits", 0, "value"], math.nan, "limits[0].value: nan is not a finite"),
        (["sources", 0, "limits", 0, "value"], math.inf, "limits[0].value: inf is not a finite"),
        (["sources", 0, "channels", 0, "range"], [1.0], "range: a list of length 2 is expected"),
        (["sources", 0, "channels", 0, "range"], [0.0, math.inf], "range[1]: inf is not a finite"),
        (["sources", 0, "stack_area_m2"], math.nan, "stack_area_m2: nan is not a finite number"),
        (["sources", 0, "timezone"], "Mars/Base", "'Mars/Base' is not a time zone"),
        (["sources", 0, "timezone"], "leapseconds", "'leapseconds' is not a time zone"),
        (["sources"], None, "registration sources: a list is expected here, not nothing"),
        (["colour"], "red", "colour is not a field that a registry has"),
    ],
)
def test_a_record_from_the_topic_is_checked_like_a_file(
    path: list[str | int], value: Any, sentence: str
) -> None:
    _, record = CODEC.decode(CODEC.encode(RECORD, enterprise_to_record(ENTERPRISE)))
    bad = copy.deepcopy(record)
    _set(bad, path, value)
    with pytest.raises(RegistryError) as failure:
        enterprise_from_record(bad)
    assert sentence in str(failure.value)


words = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\x85\u2028\u2029\ufeff"),
    max_size=8,
) | st.sampled_from(["NO", "on", "null", "~", "12:30", "1e3", "2024-01-01", "007", " a ", "<<"])
numbers = st.floats(0.001, 1e9)
maybe = st.none() | st.sampled_from(["2024-01-01", "2024-01-01T00:00:00+05:00"])
conditions = st.fixed_dictionaries(
    {},
    optional={"temperature_k": numbers, "dry": st.booleans(), "o2_pct": st.floats(0, 20)},
)
channels = st.fixed_dictionaries(
    {"parameter": words, "unit": words},
    optional={
        "basis": st.sampled_from(["wet", "dry"]),
        "conditions": conditions,
        "range": st.tuples(numbers, numbers).map(list),
    },
)
limits = st.fixed_dictionaries(
    {"parameter": words, "value": numbers, "unit": words},
    optional={"valid_from": maybe, "valid_to": maybe, "reference": conditions},
)
sources = st.fixed_dictionaries(
    {"id": words, "cadence_s": st.sampled_from([1, 60, 3600]), "channels": st.lists(channels)},
    optional={
        "name": words,
        "stack_area_m2": numbers,
        "devices": st.lists(st.fixed_dictionaries({"name": words, "serial": words})),
        "limits": st.lists(limits, max_size=3),
        "excused": st.lists(st.fixed_dictionaries({"from": maybe, "kind": words}), max_size=2),
    },
)
enterprises = st.fixed_dictionaries(
    {
        "bin": words,
        "name": st.fixed_dictionaries(dict.fromkeys(("ru", "kk", "en"), words)),
        "region": words,
        "category": st.integers(1, 4),
        "business_size": words,
        "commissioned_on": words,
        "sources": st.lists(sources, max_size=2),
    },
    optional={"test": st.booleans(), "roadmap": st.fixed_dictionaries({"until": words})},
)


@examples(60)
@given(enterprises)
def test_yaml_and_avro_carry_every_enterprise_unchanged(document: dict[str, Any]) -> None:
    expected = msgspec.convert(document, Enterprise)
    text = yaml.dump(document, Dumper=Quoting, allow_unicode=True, sort_keys=False)
    from_yaml = build(parse(text), Enterprise)
    assert from_yaml == expected
    message = CODEC.encode(RECORD, enterprise_to_record(from_yaml))
    assert msgspec.convert(CODEC.decode(message)[1], Enterprise) == expected


class Quoting(yaml.SafeDumper):
    """Writes texts in quotes, as careful people do, and every alias out."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


Quoting.add_representer(str, _quoted)


def test_what_an_earlier_version_let_through_stays_registered() -> None:
    """Criteria without a kind of plant, and a limit that no channel measures: nobody is judged."""
    record = enterprise_to_record(ENTERPRISE)
    stack = record["sources"][0]
    stack["criteria"] = {"fuel": "solid", "thermal_mw": 210.0}
    stack["limits"] = [*stack["limits"], {**stack["limits"][0], "parameter": "NO2"}]
    enterprise = enterprise_from_record(record)
    assert not meets_criteria(enterprise.sources[0].criteria)
    for changes in ({"plant": "station", "thermal_mw": 5.0}, {"electric_mw": 5.0}):
        stack["criteria"] = {"fuel": "solid", **changes}
        with pytest.raises(RegistryError, match="criteria"):
            enterprise_from_record(record)
