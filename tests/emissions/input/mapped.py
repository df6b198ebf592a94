"""Reads a table of the field through a mapping, as a run does."""

from __future__ import annotations

from pathlib import Path

import pytest

from emissions.input.read_inputs import read_inputs
from emissions.input.reading_row import InputError, ReadingRow
from streams.core.time.local_clock import iso

PARAMETERS = {"SO2", "NO", "CO", "TEMPERATURE"}


def rows_of(
    tmp_path: Path,
    mapping: str,
    table: str | bytes,
    *,
    encoding: str = "utf-8",
    said: list[str] | None = None,
) -> list[ReadingRow]:
    """The readings; what a person is told goes to ``said``."""
    (tmp_path / "m.yaml").write_text(mapping, encoding="utf-8")
    content = table if isinstance(table, bytes) else table.encode(encoding)
    (tmp_path / "in.csv").write_bytes(content)
    notes: list[str] = [] if said is None else said
    found = list(
        read_inputs([tmp_path / "in.csv"], PARAMETERS, [tmp_path / "m.yaml"], notes.append)
    )
    notes[:] = [note.replace(f"{tmp_path}/", "") for note in notes]
    return found


def times_of(tmp_path: Path, mapping: str, table: str, said: list[str] | None = None) -> list[str]:
    """The starts of the intervals."""
    return [iso(row.reading.measured_at) for row in rows_of(tmp_path, mapping, table, said=said)]


def values_of(tmp_path: Path, mapping: str, table: str) -> list[dict[str, float]]:
    """The values of each reading."""
    return [row.reading.values for row in rows_of(tmp_path, mapping, table)]


def refusal_of(tmp_path: Path, mapping: str, table: str | bytes = "") -> str:
    """The sentence that refuses it."""
    with pytest.raises(InputError) as caught:
        rows_of(tmp_path, mapping, table)
    return str(caught.value).replace(f"{tmp_path}/", "")
