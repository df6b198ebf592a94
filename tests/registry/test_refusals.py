"""A malformed registry: one sentence that says where, what and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.registry.document import load_registry
from streams.registry.errors import RegistryError
from tests.registry.example import EXAMPLE, changed, written

SOURCE = "enterprises[0].sources[0]"
SO2 = "{parameter: SO2, unit: mg/m3, basis: wet, conditions: actual, range: [0, 3000]}"
GS = "{parameter: SO2, value: 160, unit: g/s, valid_from: 2024-01-01}"
REFERENCE = "{temperature_k: 293.15, pressure_kpa: 101.3, dry: true, o2_pct: 6}"
KEYS = "        stack_area_m2: 28.2743"
KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
ASM = "asm: {installed_on: 2023-02-01, connected_on: 2023-03-01}"


def refusal(tmp_path: Path, text: str | bytes) -> str:
    """Why a registry is refused, without the name of the file."""
    file = written(tmp_path, text)
    with pytest.raises(RegistryError) as failure:
        load_registry(file)
    sentence = str(failure.value)
    assert sentence.startswith(f"{file}: ")
    assert "\n" not in sentence
    return sentence.removeprefix(f"{file}: ")


CHANNELS = EXAMPLE[EXAMPLE.index("        channels:") : EXAMPLE.index("        limits:")]
LIMITS = EXAMPLE[EXAMPLE.index("        limits:") : EXAMPLE.index("        excused:")]
NO_NAME = "is no name of a parameter (1 to 32 of A-Z, 0-9, _, . and -)"


def test_a_source_without_channels_is_refused(tmp_path: Path) -> None:
    text = EXAMPLE.replace(LIMITS, "").replace(CHANNELS, "        channels: []\n")
    assert f"{SOURCE}.channels: source 'KZ-0001-01' has none: it measures nothing" in refusal(
        tmp_path, text
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("SO2|g", f"'SO2|g' {NO_NAME}"),
        ("so2", f"'so2' {NO_NAME}: write SO2"),
        ('" SO2"', f"' SO2' {NO_NAME}: write SO2"),
        ("S\u041e2", f"'S\u041e2' {NO_NAME}: '\u041e' is CYRILLIC CAPITAL LETTER O"),
        ("X" * 33, f"'{'X' * 33}' {NO_NAME}"),
    ],
)
def test_a_parameter_has_a_plain_name(tmp_path: Path, name: str, why: str) -> None:
    text = EXAMPLE.replace(LIMITS, "").replace("parameter: SO2", f"parameter: {name}")
    assert refusal(tmp_path, text).endswith(f"{SOURCE}.channels[0].parameter: {why}")


CASES = [
    ('"990140001233"', '"990140001234"',
     "line 2, enterprises[0].bin: '990140001234' is no БИН of 12 digits with its check digit"),
    ('"990140001233"', "12",
     "line 2, enterprises[0].bin: '12' is no БИН of 12 digits with its check digit"),
    ("KZ-55", "KZ-PAV", "line 4, enterprises[0].region: 'KZ-PAV' is not a code of ISO 3166-2:KZ"),
    ("category: 1", "category: 5",
     "line 5, enterprises[0].category: 5 is not a category from 1 to 4"),
    ("category: 1", "category: I",
     "line 5, enterprises[0].category: a whole number is expected here, not a text"),
    ("category: 1", 'category: "1"',
     "line 5, enterprises[0].category: a whole number is expected here, not a text"),
    ("size: large", "size: huge",
     "line 6, enterprises[0].business_size: 'huge' is none of small, medium, large"),
    ("2009-05-01", "2009-02-30",
     "line 7, enterprises[0].commissioned_on: '2009-02-30' is neither a date nor a time"),
    ("2009-05-01", "",
     "line 7, enterprises[0].commissioned_on: a text is expected here, not nothing"),
    (ASM, "asm: {connected_on: soon}",
     "line 8, enterprises[0].asm.connected_on: 'soon' is neither a date nor a time"),
    (ASM, 'asm: {software_sha256: "ABC"}',
     "line 8, enterprises[0].asm.software_sha256: 'ABC' is no SHA-256 of 64 hexadecimal digits "
     "in lower case"),
    (ASM, f"asm: {{software_sha256: {'A' * 64}}}",
     f"line 8, enterprises[0].asm.software_sha256: {'A' * 64!r} is no SHA-256 of 64 hexadecimal "
     "digits in lower case"),
    ("test: false", "test: maybe",
     "line 10, enterprises[0].test: true or false is expected here, not a text"),
    ("id: KZ-0001-01", 'id: ""', f"line 12, {SOURCE}.id: is empty"),
    ("Asia/Almaty", "Asia/Atlantis",
     f"line 14, {SOURCE}.timezone: 'Asia/Atlantis' is not a time zone of the IANA data"),
    ("Asia/Almaty", "../../etc/passwd",
     f"line 14, {SOURCE}.timezone: '../../etc/passwd' is not a time zone of the IANA data"),
    ("28.2743", "0", f"line 16, {SOURCE}.stack_area_m2: 0 is not positive"),
    ("28.2743", ".nan", f"line 16, {SOURCE}.stack_area_m2: .nan is not a finite number"),
    ("28.2743", "1e999", f"line 16, {SOURCE}.stack_area_m2: 1e999 is not a finite number"),
    ("28.2743", "12:30", f"line 16, {SOURCE}.stack_area_m2: a number is expected here, not a text"),
    ("electric_mw: 210", "electric_mw: -1",
     f"line 15, {SOURCE}.criteria.electric_mw: -1 is negative"),
    ("plant: station", "plant: mill",
     f"line 15, {SOURCE}.criteria.plant: 'mill' is none of station, boiler_house, other"),
    ("fuel: solid", "fuel: coal",
     f"line 15, {SOURCE}.criteria.fuel: 'coal' is none of solid, liquid, gas"),
    ("plant: station, fuel: solid,", "fuel: solid,",
     f"line 15, {SOURCE}.criteria: plant is missing, electric_mw counts by it "
     "(station, boiler_house, other)"),
    ("fuel: solid, electric_mw: 210", "thermal_mw: 210",
     f"line 15, {SOURCE}.criteria: fuel is missing, thermal_mw counts by it (solid, liquid, gas)"),
    ("electric_mw: 210", "thermal_mw: 210",
     f"line 15, {SOURCE}.criteria.thermal_mw: a station counts by the electric power of the whole "
     "station, electric_mw"),
    ("plant: station", "plant: other",
     f"line 15, {SOURCE}.criteria.electric_mw: only a station counts by its electric power, and "
     "plant is other"),
    ("        stack_area_m2: 28.2743", "        location: {lat: 91, lon: 0}",
     f"line 16, {SOURCE}.location.lat: 91 is not in [-90, 90] degrees"),
    ("        stack_area_m2: 28.2743", "        location: {lat: 52, lon: .nan}",
     f"line 16, {SOURCE}.location.lon: .nan is not a finite number"),
    ('serial: "A-17",', 'serial: "A-17", type_certificate: {number: "1", on: 2027-01-01, '
     "until: 2026-01-01},",
     f"line 19, {SOURCE}.devices[0].type_certificate.until: 2026-01-01 is not later than on "
     "2027-01-01"),
    (KEYS, "        keys: [{id: a, public_key: soon}]",
     f"line 16, {SOURCE}.keys[0].public_key: 'soon' is no Ed25519 key: 32 bytes in base64, as "
     "`emissions station key` prints it"),
    (KEYS, f"        keys: [{{id: a, public_key: {KEY}}}, {{id: b, public_key: {KEY}}}]",
     f"line 16, {SOURCE}.keys[1].public_key: is that of the key 'a' too"),
    (KEYS, f"        keys: [{{id: a, public_key: {KEY}}}, {{id: a, public_key: {KEY}}}]",
     f"line 16, {SOURCE}.keys[1].id: 'a' is the id of another key of the source"),
    (KEYS, f"        keys: [{{id: '', public_key: {KEY}}}]",
     f"line 16, {SOURCE}.keys[0].id: is empty"),
    (KEYS, f"        keys: [{{id: a, public_key: {KEY}, valid_from: 2027-01-01, valid_until: "
     "2026-01-01}]",
     f"line 16, {SOURCE}.keys[0].valid_until: 2026-01-01 is not later than valid_from 2027-01-01"),
    (KEYS, f"        keys: [{{id: a, public_key: {KEY}}}]\n        signatures: ask",
     f"line 17, {SOURCE}.signatures: 'ask' is none of off, warn, require"),
    (KEYS, "        signatures: require",
     f"line 16, {SOURCE}.signatures: is require, and the source has no keys to sign with"),
    ("cadence_s: 60", "cadence_s: 7",
     f"line 17, {SOURCE}.cadence_s: 7 is neither a divisor of 600 nor 1200, 1800 or 3600 seconds"),
    ("cadence_s: 60", "cadence_s: 0",
     f"line 17, {SOURCE}.cadence_s: 0 is neither a divisor of 600 nor 1200, 1800 or 3600 seconds"),
    ("        cadence_s: 60\n", "", f"line 12, {SOURCE}: cadence_s is missing"),
    ("cadence_s", "cadense_s", f"line 12, {SOURCE}: cadense_s is not a field that a registry has"),
    ("on: 2026-02-01", "on: 2028-02-01",
     f"line 20, {SOURCE}.devices[0].verification.until: 2027-02-01 is not later than on "
     "2028-02-01"),
    (SO2, "{parameter: SO2, unit: mg/m3}",
     f"line 22, {SOURCE}.channels[0]: basis is missing, SO2 needs wet or dry"),
    (SO2, "{parameter: SO2, unit: mg/m3, basis: damp}",
     f"line 22, {SOURCE}.channels[0].basis: 'damp' is neither wet nor dry"),
    ("basis: dry, range: [0, 25]", "range: [0, 25]",
     f"line 23, {SOURCE}.channels[1]: basis is missing, O2 needs wet or dry"),
    ("degC", "F",
     f"line 24, {SOURCE}.channels[2].unit: 'F' is not a unit of TEMPERATURE, "
     "which has 'degC' or 'K'"),
    ("[-40, 1300]", "[1300, -40]",
     f"line 24, {SOURCE}.channels[2].range: [1300.0, -40.0] is not in ascending order"),
    ("[-40, 1300]", "[0, .inf]",
     f"line 24, {SOURCE}.channels[2].range[1]: .inf is not a finite number"),
    ("[-40, 1300]", "[1]",
     f"line 24, {SOURCE}.channels[2].range: a list of length 2 is expected here, not 1"),
    ("parameter: O2", "parameter: SO2",
     f"line 23, {SOURCE}.channels[1].parameter: SO2 has a channel already, sources[0].channels[0]"),
    (SO2, "{parameter: XENON, unit: ppm, basis: dry}",
     f"line 22, {SOURCE}.channels[0]: molar_mass is missing, and XENON in ppm is no gas "
     "with a known one"),
    (SO2, "{parameter: FLOW, unit: m3/s, basis: dry}",
     f"line 22, {SOURCE}.channels[0].basis: FLOW is wet, not dry"),
    (SO2, "{parameter: FLOW, unit: m3/s, conditions: {temperature_k: 273.15}}",
     f"line 22, {SOURCE}.channels[0].conditions: FLOW is actual, not converted"),
    (SO2, "{parameter: SO2, unit: mg/m3, basis: wet, conditions: {o2: 6}}",
     f"line 22, {SOURCE}.channels[0].conditions: o2 is not a field that a registry has"),
    (SO2, "{parameter: SO2, unit: mg/m3, basis: wet, conditions: normal}",
     f"line 22, {SOURCE}.channels[0].conditions: a mapping is expected here, not a text"),
    (SO2, "{parameter: SO2, unit: mg/m3, basis: dry, conditions: {o2_pct: 6}}",
     f"line 29, {SOURCE}.limits[1]: the channel of SO2 is already corrected to an oxygen content, "
     "so its limits can only be in mg/m3 with o2_pct in their reference"),
    (SO2, "{parameter: SO2, unit: pct, basis: dry}",
     f"line 26, {SOURCE}.limits[0]: the channel of SO2 is in 'pct', and a limit needs mg/m3 or "
     "ppm to compare with"),
    (GS, "{parameter: SО2, value: 160, unit: g/s}",
     f"line 29, {SOURCE}.limits[1].parameter: no channel of the source measures 'SО2'; the nearest "
     "is SO2, it has Cyrillic letter О (U+041E): write SO2"),
    (GS, "{parameter: so2, value: 160, unit: g/s}",
     f"line 29, {SOURCE}.limits[1].parameter: no channel of the source measures 'so2'; the nearest "
     "is SO2, it has lower case: write SO2"),
    (GS, '{parameter: "SO2 ", value: 160, unit: g/s}',
     f"line 29, {SOURCE}.limits[1].parameter: no channel of the source measures 'SO2 '; the "
     "nearest is SO2, it has a blank: write SO2"),
    (GS, "{parameter: SO3, value: 160, unit: t/a}",
     f"line 29, {SOURCE}.limits[1].parameter: no channel of the source measures 'SO3'; the nearest "
     "is SO2, all are O2, SO2, TEMPERATURE"),
    (GS, "{parameter: SO2, value: 160, unit: kg/h}",
     f"line 29, {SOURCE}.limits[1].unit: 'kg/h' is none of the units mg/m3, g/s, t/a"),
    (GS, "{parameter: SO2, value: 0, unit: g/s}",
     f"line 29, {SOURCE}.limits[1].value: 0 is not positive"),
    (GS, "{parameter: SO2, value: lots, unit: g/s}",
     f"line 29, {SOURCE}.limits[1].value: a number is expected here, not a text"),
    (REFERENCE, "{temperature_k: 293.15, dry: true}",
     f"line 28, {SOURCE}.limits[0].reference: pressure_kpa is missing, a limit in mg/m3 needs it"),
    (REFERENCE, "~",
     f"line 26, {SOURCE}.limits[0]: reference is missing, a limit in mg/m3 needs temperature_k, "
     "pressure_kpa and dry"),
    ("o2_pct: 6", "o2_pct: 21",
     f"line 28, {SOURCE}.limits[0].reference.o2_pct: 21 is not in [0, 21), the oxygen of air"),
    ("pressure_kpa: 101.3", "pressure_kpa: 0",
     f"line 28, {SOURCE}.limits[0].reference.pressure_kpa: 0 is not positive"),
    ("confidence_interval_pct: 20", "confidence_interval_pct: 120",
     f"line 26, {SOURCE}.limits[0].confidence_interval_pct: 120 is not a percentage from 0 to 100"),
    (GS, GS + "\n          - {parameter: SO2, value: 1, unit: g/s, valid_from: 2030-01-01}",
     f"line 30, {SOURCE}.limits[2]: overlaps sources[0].limits[1], and only one limit on SO2 in "
     "g/s is in force at a time"),
    (GS, "{parameter: SO2, value: 1, unit: g/s, valid_from: 2024-01-01T12:00:00+06:00}",
     f"line 29, {SOURCE}.limits[1].valid_from: 2024-01-01T12:00:00+06:00 is not a midnight of "
     "Asia/Almaty, and a limit changes only at midnights"),
    (GS, "{parameter: SO2, value: 1, unit: g/s, valid_from: 2024-01-01, valid_to: 2024-01-01}",
     f"line 29, {SOURCE}.limits[1].valid_to: 2024-01-01 is not later than valid_from 2024-01-01"),
    ("to: 2026-03-03T00:00:00+05:00", "to: 2026-03-03T00:00:00",
     f"line 32, {SOURCE}.excused[0].to: '2026-03-03T00:00:00' has no offset from UTC"),
    ("to: 2026-03-03T00:00:00+05:00", "to: 2026-03-03T00:00:00.0000001+05:00",
     f"line 32, {SOURCE}.excused[0].to: '2026-03-03T00:00:00.0000001+05:00' is not in whole "
     "seconds"),
    ("to: 2026-03-03T00:00:00+05:00", "to: 2026-02-28",
     f"line 32, {SOURCE}.excused[0].to: 2026-02-28 is not later than from "
     "2026-03-01T00:00:00+05:00"),
    ("notified_at: 2026-02-20T09:00:00+05:00", "notified_at: [1]",
     f"line 33, {SOURCE}.excused[0].notified_at: a text is expected here, not a list"),
    ('"No 7"', "!!python/object:os.system x",
     "line 9, enterprises[0].roadmap.reference: the tag tag:yaml.org,2002:python/object:os.system "
     "has no meaning here"),
    ('"No 7"', '"\\uD800"',
     None),
    ("category: 1", "category: 1\n    category: 2", "line 6: the key 'category' is there twice"),
    ("category: 1", "\tcategory: 1", None),
    ("category: 1", "category: 99999999999999999999999",
     "line 5, enterprises[0].category: the number has more than 20 digits"),
    ("name: \"Stack 1\"", "name: [a]",
     f"line 13, {SOURCE}.name: a text is expected here, not a list"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), CASES)
def test_one_sentence_says_where_what_and_why(
    tmp_path: Path, old: str, new: str, sentence: str | None
) -> None:
    found = refusal(tmp_path, changed(old, new))
    assert found
    if sentence is not None:
        assert found == sentence


STATIONS = [
    ("{parameter: PRESSURE, unit: kPa, gauge: true}", GS, None),
    ("{parameter: SO2_GS, unit: g/s, reports: SO2}", GS, None),
    ("{parameter: VELOCITY, unit: m/s, gauge: true}", GS,
     "channels[3].gauge: only PRESSURE is told against the barometer, not VELOCITY"),
    ("{parameter: BAROMETRIC_PRESSURE, unit: kPa, gauge: true}", GS,
     "channels[3].gauge: only PRESSURE is told against the barometer, not BAROMETRIC_PRESSURE"),
    ("{parameter: BAROMETRIC_PRESSURE, unit: mmHg}", GS,
     "channels[3].unit: 'mmHg' is not a unit of BAROMETRIC_PRESSURE, which has 'kPa' or 'hPa' or "
     "'mbar' or 'Pa'"),
    ("{parameter: PRESSURE, unit: kPa, gauge: below}", GS,
     "channels[3].gauge: true or false is expected here, not a text"),
    ('{parameter: ALPHA, unit: "%"}', GS,
     "channels[3].unit: '%' is not a unit of ALPHA, which has '1'"),
    ('{parameter: ALPHA, unit: "1", range: [0, 0.9]}', GS,
     "channels[3].range[1]: 0.9 is below 1, the least that ALPHA can be"),
    ("{parameter: H2O, unit: g/m3}", GS,
     "channels[3].unit: 'g/m3' is not a unit of H2O, which has '%' or 'mg/m3'"),
    ("{parameter: FLOW, unit: Nm3/s, basis: wet}", GS,
     "channels[3].basis: FLOW in Nm3 is dry, not wet"),
    ("{parameter: FLOW, unit: Nm3/s, conditions: {temperature_k: 273.15}}", GS,
     "channels[3].conditions: FLOW is in normal conditions, not converted"),
    ("{parameter: SO2_GS, unit: mg/m3, basis: dry, reports: SO2}", GS,
     "channels[3].reports: only a channel in g/s reports a mass flow, SO2_GS is in 'mg/m3'"),
    ("{parameter: SO2_GS, unit: g/s, reports: SО2}", GS,
     f"channels[3].reports: 'SО2' {NO_NAME}: 'О' is CYRILLIC CAPITAL LETTER O"),
    ("{parameter: SO2_GS, unit: g/s, reports: so2}", GS,
     f"channels[3].reports: 'so2' {NO_NAME}: write SO2"),
    ("{parameter: O2_GS, unit: g/s, reports: O2}", GS,
     "channels[3].reports: O2 is no pollutant, it has no mass flow"),
    ("{parameter: SO2_GS, unit: g/s, reports: SO2, conditions: {temperature_k: 273.15}}", GS,
     "channels[3].conditions: a mass flow in g/s has none, it is not converted"),
    ("{parameter: A, unit: g/s, reports: SO2}\n          - {parameter: B, unit: g/s, reports: SO2}",
     GS, "channels[4]: the mass flow of SO2 is reported already, by sources[0].channels[3]"),
    ("{parameter: SO2_GS, unit: g/s, reports: SO2}",
     "{parameter: SO2_GS, value: 160, unit: g/s}",
     "limits[1].parameter: the channel SO2_GS reports the mass flow of SO2: a limit is on SO2"),
    ("{parameter: CO, unit: g/s}",
     f"{{parameter: CO, value: 160, unit: mg/m3, reference: {REFERENCE}}}",
     "limits[1]: the channel of CO is in 'g/s', and a limit needs mg/m3 or ppm to compare with"),
    ("{parameter: CO_GS, unit: g/s, reports: CO}",
     f"{{parameter: CO, value: 160, unit: mg/m3, reference: {REFERENCE}}}",
     "limits[1]: CO_GS reports CO in g/s alone, and a limit in mg/m3 needs a channel of CO in "
     "mg/m3 or ppm"),
    ("{parameter: CO_GS, unit: g/s, reports: CO}", "{parameter: CO, value: 160, unit: g/s}", None),
    ("{parameter: CO, unit: g/s}", "{parameter: CO, value: 160, unit: t/a}", None),
]  # fmt: skip


@pytest.mark.parametrize(("channel", "limit", "sentence"), STATIONS)
def test_what_a_station_may_send(
    tmp_path: Path, channel: str, limit: str, sentence: str | None
) -> None:
    temperature = "{parameter: TEMPERATURE, unit: degC, range: [-40, 1300]}"
    text = changed(temperature, f"{temperature}\n          - {channel}").replace(GS, limit)
    if sentence is None:
        load_registry(written(tmp_path, text))
    else:
        assert refusal(tmp_path, text).endswith(f"{SOURCE}.{sentence}")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("0", "0 is not positive"),
        ("-98", "-98 is not positive"),
        (".nan", ".nan is not a finite number"),
        ("high", "a number is expected here, not a text"),
    ],
)
def test_a_barometric_pressure_is_a_pressure(tmp_path: Path, value: str, why: str) -> None:
    area = "        stack_area_m2: 28.2743"
    text = changed(area, f"        barometric_kpa: {value}")
    assert refusal(tmp_path, text) == f"line 16, {SOURCE}.barometric_kpa: {why}"


DOCUMENTS = [
    ("", "the file is empty"),
    ("# nothing\n", "the file is empty"),
    ("[]", "line 1: a registry is a mapping with the key 'enterprises'"),
    ("a: 1", "line 1: a registry is a mapping with the key 'enterprises'"),
    ("enterprises: 5", "line 1, enterprises: a list is expected here"),
    ("enterprises: [5]", "line 1, enterprises[0]: a mapping is expected here, not a whole number"),
    ("enterprises: []\nregions: []", "line 2, regions: regions is not a field that a registry has"),
    ("enterprises: []\n---\nenterprises: []",
     "line 2: a second document begins, and only one is read"),
    ("enterprises: *a", "line 1: the alias *a has no complete anchor before it"),
    ("enterprises: &a [*a]", "line 1: the alias *a has no complete anchor before it"),
    ("enterprises: [{<<: 1}]", "line 1: only mappings can be merged with <<"),
    ("enterprises: [{[1]: 1}]", "line 1: a key is not a text"),
    ("[" * 200_000, "line 1: the document is nested deeper than 50 levels"),
    (b"enterprises: \xff", "byte 13 is not UTF-8 text"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), DOCUMENTS)
def test_what_is_no_registry_at_all(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    assert refusal(tmp_path, text) == sentence


@pytest.mark.parametrize("text", ["enterprises: [", "enterprises:\n\t- a", "a: b: c", "\x00", "@a"])
def test_what_is_no_yaml_at_all(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text).endswith(", so it is no YAML")


def test_aliases_cannot_blow_up(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    found = refusal(tmp_path, "\n".join(lines) + "\nenterprises: *a11\n")
    assert "the aliases write out to more than" in found


def test_names_are_unique_over_the_whole_registry(tmp_path: Path) -> None:
    again = EXAMPLE.partition("\n")[2]
    assert refusal(tmp_path, EXAMPLE + again) == (
        "line 34, enterprises[1].bin: the БИН 990140001233 is taken by enterprises[0].bin"
    )
    other = again.replace("990140001233", "990140000007")
    assert refusal(tmp_path, EXAMPLE + other) == (
        "line 44, enterprises[1].sources[0].id: the id 'KZ-0001-01' is taken by "
        "enterprises[0].sources[0].id"
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"none\.yaml: No such file or directory"):
        load_registry(tmp_path / "none.yaml")
    with pytest.raises(RegistryError, match="Is a directory"):
        load_registry(tmp_path)
