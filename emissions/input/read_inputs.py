"""Read all input files of a run as one stream of readings, in the order given."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from emissions.input.avro_file import MAGIC, read_avro
from emissions.input.mapped_csv import MappedCsv
from emissions.input.mapping import CsvMapping
from emissions.input.mapping_file import load_mapping
from emissions.input.ndjson import read_ndjson
from emissions.input.reading_row import InputError, ReadingRow
from emissions.input.table_text import named
from emissions.input.wide_csv import read_wide_csv


def read_inputs(
    paths: Sequence[Path],
    parameters: Collection[str],
    mappings: Sequence[Path] = (),
    notice: Callable[[str], None] = lambda _sentence: None,
) -> Iterator[ReadingRow]:
    """Yield the readings of every file, file after file; see :func:`each_input`."""
    for rows in each_input(paths, parameters, mappings, notice):
        yield from rows


def each_input(
    paths: Sequence[Path],
    parameters: Collection[str],
    mappings: Sequence[Path] = (),
    notice: Callable[[str], None] = lambda _sentence: None,
) -> Iterator[Iterator[ReadingRow]]:
    """Yield the readings of each file, in the order of the paths.

    The first bytes decide the kind of a file: Avro's magic, a brace for NDJSON, else CSV. With
    ``mappings`` (one for all files, or one a file) every file is a mapped CSV; ``notice`` receives
    a sentence on the columns that a mapping leaves out. Raises InputError.
    """
    loaded = [load_mapping(path, parameters) for path in mappings]
    if len(loaded) not in (0, 1, len(paths)):
        raise InputError(f"{len(loaded)} mappings for {len(paths)} inputs: give one, or one each")
    if len(loaded) == 1 and len(paths) > 1:
        if loaded[0].time.start is not None:
            raise InputError(f"{mappings[0]}: time.start is for a single file, not for several")
        loaded *= len(paths)
    for number, path in enumerate(paths):
        yield _rows(path, parameters, loaded[number] if loaded else None, notice)


def _rows(
    path: Path,
    parameters: Collection[str],
    mapping: CsvMapping | None,
    notice: Callable[[str], None],
) -> Iterator[ReadingRow]:
    empty = True
    try:
        for row in _read(path, parameters, mapping, notice):
            empty = False
            yield row
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    if empty:
        notice(f"{path}: contains no readings")


def _read(
    path: Path,
    parameters: Collection[str],
    mapping: CsvMapping | None,
    notice: Callable[[str], None],
) -> Iterator[ReadingRow]:
    if mapping is not None:
        table = MappedCsv(path, mapping, notice)
        if table.unmapped:
            notice(f"{path}: skipped columns, not mapped: {named(table.unmapped)}")
        return iter(table)
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(MAGIC):
        return read_avro(path)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return read_ndjson(path)
    if text.startswith(b"["):
        raise InputError(f"{path} is a JSON array; NDJSON has one object a line")
    return read_wide_csv(path, parameters)
