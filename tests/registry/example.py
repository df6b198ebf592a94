"""The registry of the specification, as the file a person writes."""

from __future__ import annotations

from pathlib import Path

EXAMPLE = """\
enterprises:
  - bin: "990140001233"
    name: {ru: "Станция", kk: "Стансасы", en: "Station"}
    region: KZ-55
    category: 1
    business_size: large
    commissioned_on: 2009-05-01
    asm: {installed_on: 2023-02-01, connected_on: 2023-03-01}
    roadmap: {until: 2027-12-31, reference: "No 7"}
    test: false
    sources:
      - id: KZ-0001-01
        name: "Stack 1"
        timezone: Asia/Almaty
        criteria: {plant: station, fuel: solid, electric_mw: 210, gross_t_a: 4100}
        stack_area_m2: 28.2743
        cadence_s: 60
        devices:
          - {name: "Analyser", serial: "A-17",
             verification: {number: "BA-1", on: 2026-02-01, until: 2027-02-01}}
        channels:
          - {parameter: SO2, unit: mg/m3, basis: wet, conditions: actual, range: [0, 3000]}
          - {parameter: O2, unit: "%", basis: dry, range: [0, 25]}
          - {parameter: TEMPERATURE, unit: degC, range: [-40, 1300]}
        limits:
          - {parameter: SO2, value: 500, unit: mg/m3, confidence_interval_pct: 20,
             valid_from: 2024-01-01,
             reference: {temperature_k: 293.15, pressure_kpa: 101.3, dry: true, o2_pct: 6}}
          - {parameter: SO2, value: 160, unit: g/s, valid_from: 2024-01-01}
          - {parameter: SO2, value: 2500, unit: t/a, valid_from: 2024-01-01}
        excused:
          - {from: 2026-03-01T00:00:00+05:00, to: 2026-03-03T00:00:00+05:00,
             kind: PLANNED_MAINTENANCE, notified_at: 2026-02-20T09:00:00+05:00}
"""


def written(directory: Path, text: str | bytes) -> Path:
    """A registry file with a text."""
    file = directory / "registry.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def changed(old: str, new: str) -> str:
    """The example with one passage replaced."""
    assert EXAMPLE.count(old) == 1, old
    return EXAMPLE.replace(old, new)
