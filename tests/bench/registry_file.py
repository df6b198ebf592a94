"""The registry of a load as a plain JSON file, for those who have no registry topic.

``{"sources": {"KZ-0000000": {"cadence_s": 60, "timezone": "Asia/Almaty",
"channels": {"SO2": {"unit": "mg/m3", "basis": "wet", "range": [0.0, 3000.0]}, …}, "limits":
[{"parameter": "SO2", "value": 500.0, "unit": "mg/m3", "reference": {"temperature_k": 293.15,
"pressure_kpa": 101.3, "dry": true, "o2_pct": 6.0}}, …]}, …}}``
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec

from streams.core.registry.enterprise import Enterprise, Source


def write_registry(enterprises: Iterable[Enterprise], file: Path) -> None:
    """Write what is needed to normalise and judge the readings of every source."""
    sources = {
        source.id: _plain(source) for enterprise in enterprises for source in enterprise.sources
    }
    file.write_text(json.dumps({"sources": sources}), encoding="utf-8")


def _plain(source: Source) -> dict[str, object]:
    return {
        "cadence_s": source.cadence_s,
        "timezone": source.timezone,
        "channels": {
            channel.parameter: {
                "unit": channel.unit,
                "basis": channel.basis,
                "range": channel.range,
            }
            for channel in source.channels
        },
        "limits": [
            {
                "parameter": limit.parameter,
                "value": limit.value,
                "unit": limit.unit,
                "reference": msgspec.to_builtins(limit.reference),
            }
            for limit in source.limits
        ],
    }
