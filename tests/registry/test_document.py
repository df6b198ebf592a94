"""A registry file as people write it: what is allowed is read, and read as it is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.core.registry.enterprise import Asm, Conditions
from streams.registry.avro import enterprise_from_record, enterprise_to_record
from streams.registry.document import load_registry
from tests.registry.example import EXAMPLE, changed, written


def test_the_example_of_the_specification(tmp_path: Path) -> None:
    (enterprise,) = load_registry(written(tmp_path, EXAMPLE))
    assert enterprise.bin == "990140001233"
    assert enterprise.name.kk == "Стансасы"
    assert enterprise.commissioned_on == "2009-05-01"
    assert enterprise.asm == Asm("2023-02-01", "2023-03-01")
    (source,) = enterprise.sources
    assert [channel.parameter for channel in source.channels] == ["SO2", "O2", "TEMPERATURE"]
    assert source.channels[0].conditions is None
    assert source.channels[2].range == (-40.0, 1300.0)
    assert source.limits[0].reference == Conditions(293.15, 101.3, True, 6.0)
    assert source.limits[0].valid_from == "2024-01-01"
    assert source.excused[0].start == "2026-03-01T00:00:00+05:00"
    assert source.devices[0].verification is not None
    assert source.devices[0].verification.on == "2026-02-01"


@pytest.mark.parametrize("checksum", ["0123456789abcdef" * 4, "1" * 64, "1e" + "10" * 31])
def test_a_checksum_is_a_text_also_without_quotes(tmp_path: Path, checksum: str) -> None:
    asm = "asm: {installed_on: 2023-02-01, "
    text = EXAMPLE.replace(asm, f"{asm}software_sha256: {checksum}, ")
    (enterprise,) = load_registry(written(tmp_path, text))
    assert enterprise.asm.software_sha256 == checksum
    assert enterprise_from_record(enterprise_to_record(enterprise)) == enterprise


MINIMAL = """\
enterprises:
  - bin: 990140001233
    name: {ru: NO, kk: on, en: 12:30}
    region: KZ-10
    category: 2
    business_size: small
    commissioned_on: 2022-01-01
    asm: ~
    roadmap:
    test: no
    sources:
      - id: 0123
        cadence_s: 3600
        timezone: Asia/Qyzylorda
        name:
        devices:
          - {name: off, serial: 00123, verification: {number: 1e3, on: 2026-01-01}}
          - {name: y, serial: 1_000, verification: {number: 0x1F, until: 2026-01-01}}
        channels:
          - {parameter: NO, unit: ppm, basis: dry, range: [0, 1e3],
             conditions: {temperature_k: 273.15, dry: yes}}
          - {parameter: FLOW, unit: m3/h}
          - {parameter: OPACITY, unit: "%", basis: wet}
        limits:
          - {parameter: NO, value: 1e2, unit: g/s, valid_to: 2024-01-01T00:00:00+05:00}
          - {parameter: NO, value: .5, unit: g/s, valid_from: 2023-12-31T19:00:00Z}
          - {parameter: "NO", value: 50, unit: t/a}
        excused: [{from: 2026-03-01}, {to: 2025-01-01T12:30:15.000+05:00}]
"""


def test_plain_scalars_are_what_the_field_makes_of_them(tmp_path: Path) -> None:
    (enterprise,) = load_registry(written(tmp_path, MINIMAL))
    assert (enterprise.name.ru, enterprise.name.kk, enterprise.name.en) == ("NO", "on", "12:30")
    assert enterprise.asm == Asm()
    assert enterprise.roadmap is None
    assert enterprise.test is False
    (source,) = enterprise.sources
    assert source.id == "0123"
    assert source.name == ""
    assert [device.serial for device in source.devices] == ["00123", "1_000"]
    assert [device.verification and device.verification.number for device in source.devices] == [
        "1e3",
        "0x1F",
    ]
    no = source.channels[0]
    assert (no.parameter, no.range) == ("NO", (0.0, 1000.0))
    assert no.conditions == Conditions(temperature_k=273.15, dry=True)
    assert [limit.value for limit in source.limits] == [100.0, 0.5, 50.0]
    assert source.excused[0].end is None
    assert source.excused[1].start is None


@pytest.mark.parametrize("text", ["enterprises: []", "enterprises:", "---\nenterprises: []\n..."])
def test_no_enterprises_is_a_registry_too(tmp_path: Path, text: str) -> None:
    assert load_registry(written(tmp_path, text)) == ()


@pytest.mark.parametrize("field", ["limits", "devices", "excused"])
def test_a_source_may_have_nothing_of_a_kind(tmp_path: Path, field: str) -> None:
    head, _, _ = EXAMPLE.partition("        devices:")
    lists = {"limits": "[]", "devices": "[]", "excused": "[]"}
    body = "".join(f"        {name}: {value}\n" for name, value in lists.items() if name != field)
    body += "        channels: [{parameter: SO2, unit: mg/m3, basis: wet}]\n"
    (enterprise,) = load_registry(written(tmp_path, head + body))
    assert getattr(enterprise.sources[0], field) == ()


def test_aliases_and_merge_keys_are_written_out(tmp_path: Path) -> None:
    text = changed(
        "          - {parameter: SO2, value: 160, unit: g/s, valid_from: 2024-01-01}\n",
        "          - &flow {parameter: SO2, value: 160, unit: g/s, valid_from: 2024-01-01,\n"
        "              valid_to: 2025-01-01}\n"
        "          - {<<: *flow, valid_from: 2025-01-01, valid_to: 2026-01-01}\n",
    )
    limits = load_registry(written(tmp_path, text))[0].sources[0].limits
    assert [limit.valid_from for limit in limits if limit.unit == "g/s"] == [
        "2024-01-01",
        "2025-01-01",
    ]
    shared = "x-reference: &r {temperature_k: 293.15, pressure_kpa: 101.3, dry: true, o2_pct: 6}\n"
    text = shared + changed(
        "reference: {temperature_k: 293.15, pressure_kpa: 101.3, dry: true, o2_pct: 6}",
        "reference: *r",
    )
    assert load_registry(written(tmp_path, text)) == load_registry(written(tmp_path, EXAMPLE))


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    expected = load_registry(written(tmp_path, EXAMPLE))
    text = b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode()
    assert load_registry(written(tmp_path, text)) == expected


def test_a_limit_may_change_at_midnight_of_a_day_with_25_hours(tmp_path: Path) -> None:
    text = changed(
        "          - {parameter: SO2, value: 160, unit: g/s, valid_from: 2024-01-01}\n",
        "          - {parameter: SO2, value: 160, unit: g/s, valid_to: 2024-03-01}\n"
        "          - {parameter: SO2, value: 1, unit: g/s, valid_from: 2024-02-29T19:00:00Z}\n",
    )
    assert len(load_registry(written(tmp_path, text))[0].sources[0].limits) == 4
