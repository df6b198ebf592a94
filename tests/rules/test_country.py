"""The profile of a country: what is packaged, what another directory of rules brings, refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.core.law.country import Country, IdentityNumber, Region
from streams.registry.document import load_registry
from streams.registry.errors import RegistryError
from streams.rules.country import home, load_country
from streams.rules.errors import RuleError
from streams.rules.folder import rule_folder
from streams.rules.load import load_rules, parse_rules, rule_files

ELSEWHERE = """\
code: XX
zone: Europe/Oslo
identity: {name: organisation number, pattern: "[A-Z]{2}[0-9]{3}", means: of two letters and digits,
  example: AB123}
region_pattern: "XX-[0-9]{2}"
region_example: XX-07
"""

REGISTRY = """\
enterprises:
  - bin: AB123
    name: {ru: a, kk: b, en: c}
    region: XX-07
    category: 1
    business_size: large
    commissioned_on: 2020-01-01
    sources:
      - id: one
        cadence_s: 60
        channels: [{parameter: SO2, unit: mg/m3, basis: dry}]
      - id: two
        timezone: Europe/Lisbon
        cadence_s: 60
        channels: [{parameter: SO2, unit: mg/m3, basis: dry}]
"""


def elsewhere(tmp_path: Path) -> Country:
    (tmp_path / "country.yaml").write_text(ELSEWHERE, "utf-8")
    return load_country(tmp_path)


def test_a_directory_without_a_profile_is_of_kazakhstan(tmp_path: Path) -> None:
    assert load_country(tmp_path) is home()
    assert load_country() is home()
    assert load_rules().country is home()
    assert home().regions["KZ-79"] == Region("Город Шымкент", "Шымкент қаласы", "Shymkent City")


def test_a_registry_is_held_to_the_profile(tmp_path: Path) -> None:
    country = elsewhere(tmp_path)
    file = tmp_path / "registry.yaml"
    file.write_text(REGISTRY, "utf-8")
    (enterprise,) = load_registry(file, country)
    assert [each.timezone for each in enterprise.sources] == ["Europe/Oslo", "Europe/Lisbon"]
    for before, after, said in (
        ("AB123", "990140001233", "is no organisation number of two letters and digits"),
        ("XX-07", "KZ-55", "is not a code of ISO 3166-2:XX"),
    ):
        file.write_text(REGISTRY.replace(before, after), "utf-8")
        with pytest.raises(RegistryError, match=said):
            load_registry(file, country)
    file.write_text(REGISTRY, "utf-8")
    with pytest.raises(RegistryError, match="is no БИН of 12 digits with its check digit"):
        load_registry(file)


def test_the_version_of_a_rule_set_names_its_country(tmp_path: Path) -> None:
    rules = load_rules().version.removeprefix("kz-")
    files = list(rule_files(rule_folder()))
    assert parse_rules(files, elsewhere(tmp_path)).version == f"xx-{rules}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code: [", "country.yaml: line 1, column 8: "),
        ("code: KZ", "missing required field"),
        (ELSEWHERE.replace("Oslo", "Nowhere"), "is not a time zone of the IANA data"),
        (ELSEWHERE + "capital: here\n", "unknown field"),
        (ELSEWHERE.replace("example: AB123", "example: AB12"), "is no organisation number"),
        (ELSEWHERE.replace("example: XX-07", "example: KZ-07"), "is no region"),
        (ELSEWHERE.replace('"[A-Z]{2}', '"([A-Z]{2}'), "is no regular expression"),
    ],
)
def test_a_bad_profile_is_refused_by_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "country.yaml").write_text(text, "utf-8")
    with pytest.raises(RuleError, match=said):
        load_country(tmp_path)


def test_a_number_without_a_check_digit_is_its_pattern_alone() -> None:
    number = IdentityNumber("id", "[0-9]{3}", "of three digits", "123")
    assert number.accepts("123")
    assert not number.accepts("1234")
    assert not number.accepts("١٢٣")
