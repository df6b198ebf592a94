"""Write the nation to files: a table of readings for a replay, and its registry."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

import msgspec
import yaml

from emissions.simulation.nation import Nation
from emissions.simulation.stream import readings
from schemas.reading import Reading
from streams.core.registry.enterprise import Enterprise
from streams.core.time.local_clock import iso

FIXED = ("source_id", "measured_at", "period_s", "arrived_at", "state", "device_serial")


def write_registry(path: Path, enterprises: Iterable[Enterprise]) -> None:
    """Write enterprises as the YAML document that a registry is loaded from."""
    document = {"enterprises": [msgspec.to_builtins(enterprise) for enterprise in enterprises]}
    # Through JSON, so that the document holds plain lists and no shared ones (YAML aliases).
    plain = msgspec.json.decode(msgspec.json.encode(document))
    with path.open("w", encoding="utf-8") as file:
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        yaml.dump(plain, file, Dumper=dumper, allow_unicode=True, sort_keys=False)


def write_readings(
    nation: Nation, path: Path, progress: Callable[[int], None] | None = None
) -> int:
    """Write every reading in order of arrival; return how many.

    ``.csv`` is the wide table of the replay, ``.ndjson`` one reading per line; both carry
    ``arrived_at``. ``progress`` is called with the number written after each batch. The nation must
    be planned ``with_bytes=False``: a table cannot hold a message that is no reading. Raises
    ValueError for another suffix.
    """
    write = {".csv": _write_csv, ".ndjson": _write_ndjson}.get(path.suffix.lower())
    if write is None:
        raise ValueError(
            f"{path}: write readings to .csv or .ndjson (an Avro file of readings has no "
            "arrival times, so late and repeated ones would lose their meaning)"
        )
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        header: tuple[str, ...] = nation.parameters()
        line = write(header, file.write)
        for batch in readings(nation):
            for arrived_at, reading in batch:
                line(arrived_at, reading)
            written += len(batch)
            if progress is not None:
                progress(written)
    return written


Line = Callable[[int, Reading], None]


class _Sink:
    """A file-like target of the csv module."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self.write = write


def _write_csv(parameters: tuple[str, ...], write: Callable[[str], object]) -> Line:
    writer = csv.writer(_Sink(write), lineterminator="\n")
    flags = [f"{parameter}.flag" for parameter in parameters]
    writer.writerow(chain(FIXED, parameters, flags))
    no_flags = [""] * len(flags)
    moments: dict[int, str] = {}

    def line(arrived_at: int, reading: Reading) -> None:
        measured_at = moments.get(reading.measured_at)
        if measured_at is None:
            measured_at = moments[reading.measured_at] = iso(reading.measured_at)
        get = reading.values.get
        writer.writerow(
            [
                reading.source_id,
                measured_at,
                reading.period_s,
                iso(arrived_at),
                reading.state,
                reading.device_serial,
                *[get(parameter, "") for parameter in parameters],
                *(
                    [reading.flags.get(parameter, "") for parameter in parameters]
                    if reading.flags
                    else no_flags
                ),
            ]
        )

    return line


def _write_ndjson(_: tuple[str, ...], write: Callable[[str], object]) -> Line:
    dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

    def line(arrived_at: int, reading: Reading) -> None:
        fields = {
            "source_id": reading.source_id,
            "measured_at": reading.measured_at,
            "period_s": reading.period_s,
            "arrived_at": arrived_at,
            "state": reading.state,
            "device_serial": reading.device_serial,
            "values": reading.values,
            "flags": reading.flags,
        }
        write(dumps(fields) + "\n")

    return line
