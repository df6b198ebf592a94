"""Lines of a text file: encoding, byte order mark, and lengths that cannot fill the memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streams.input.reading_row import InputError

LONGEST: Final = 1_048_576
"""Characters (NDJSON: bytes) that a line may have; a reading needs some hundreds."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NO_FILES: Final = frozenset({"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape"})
_NO_TEXT: Final = (
    (b"\x1f\x8b", "it is compressed (gzip): unpack it first"),
    (b"PK\x03\x04", "it is a workbook or a zip archive: save the sheet as CSV, or unpack it"),
    (b"\xd0\xcf\x11\xe0", "it is an old Excel workbook: save the sheet as CSV"),
    (b"PAR1", "it is a Parquet file: write it as CSV or NDJSON"),
)


def text_encoding(name: str) -> str:
    """The name that Python gives an encoding, whatever alias it has; LookupError if it is none."""
    try:
        found = codecs.lookup(name).name
        "a".encode(found)  # LookupError for codecs that are no encoding of text
    except (LookupError, ValueError):
        raise LookupError(name) from None
    if found in _NO_FILES:
        raise LookupError(name)
    return found


def encoding_of_file(path: Path, name: str, *, key: str | None) -> str:
    """The encoding to read a file with: the one named, if the mark at its beginning allows it.

    ``key`` is where the name was said (None: nowhere, the format has it). Raises InputError for a
    mark of another encoding, and for files that are no text.
    """
    with path.open("rb") as file:
        start = file.read(4)
    for magic, why in _NO_TEXT:
        if start.startswith(magic):
            raise InputError(f"{path}: {why}")
    encoding = text_encoding(name)
    if encoding == "utf-8-sig":
        encoding = "utf-8"
    marked = next((of for mark, of in _MARKS if start.startswith(mark)), None)
    if marked is None:
        if encoding in ("utf-16", "utf-32"):  # without a mark: as Windows writes it
            return f"{encoding}-le"
        return encoding
    if encoding == marked or (encoding in ("utf-16", "utf-32") and marked.startswith(encoding)):
        return marked
    said = f"{key} is {name}" if key else f"{encoding} is expected"
    where = f"`encoding: {marked}` in the mapping reads it" if key else "save it as UTF-8"
    raise InputError(f"{path} begins with the byte order mark of {marked}, and {said}: {where}")


def text_lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """The lines of a file, numbered from 1, each with its line end; the mark is no part of them.

    Lines end with LF, CR LF or CR. Raises InputError for text that is not in the encoding, for a
    line longer than LONGEST and for NUL characters, which no table has.
    """
    number = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            while line := file.readline(LONGEST):
                number += 1
                if number == 1:
                    line = line.removeprefix("\ufeff")
                if len(line) >= LONGEST - 1 and line[-1] not in "\r\n":
                    raise InputError(
                        f"{path}, line {number} is longer than {LONGEST} characters: no table"
                    )
                if "\0" in line:
                    raise InputError(
                        f"{path}, line {number}: a NUL character stands there, so the text is not "
                        f"{encoding} (utf-16-le?) or the file is damaged"
                    )
                yield number, line
    except UnicodeError:
        at = first_undecodable_line(path, encoding) or number + 1
        raise InputError(f"{path}, line {at}: the text is not {encoding}") from None


def first_undecodable_line(path: Path, encoding: str) -> int | None:
    """The line (from 1) on which decoding fails first; None where an encoding has wide units."""
    if encoding.startswith(("utf-16", "utf-32")):
        return None
    with path.open("rb") as file:
        number = 1
        while line := file.readline(LONGEST):
            try:
                line.decode(encoding)
            except UnicodeError:
                return number
            number += line.endswith(b"\n")
    return None
