"""Read lines of a text file: encoding, byte order mark, and bounded length."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from emissions.input.reading_row import InputError

LONGEST: Final = 1_048_576
"""Characters (NDJSON: bytes) of the longest line; a reading needs some hundreds."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NO_FILES: Final = frozenset({"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape"})
_NO_TEXT: Final = (
    (b"\x1f\x8b", "it is compressed (gzip): decompress it first"),
    (b"PK\x03\x04", "it is a workbook or a zip archive: save the sheet as CSV, or unpack it"),
    (b"\xd0\xcf\x11\xe0", "it is an old Excel workbook: save the sheet as CSV"),
    (b"PAR1", "it is a Parquet file: write it as CSV or NDJSON"),
)


def text_encoding(name: str) -> str:
    """Return Python's name of an encoding; raise LookupError if it is none."""
    try:
        found = codecs.lookup(name).name
        "a".encode(found)  # LookupError for codecs that are no encoding of text
    except (LookupError, ValueError):
        raise LookupError(name) from None
    if found in _NO_FILES:
        raise LookupError(name)
    return found


def encoding_of_file(path: Path, name: str, *, key: str | None) -> str:
    """Return the encoding to read a file with: the named one, if the byte order mark agrees.

    ``key`` is the setting that names it (None: fixed by the format). Raises InputError for a mark
    of another encoding, and for files that are no text.
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
    where = f"set `encoding: {marked}` in the mapping" if key else "save it as UTF-8"
    raise InputError(f"{path} has the byte order mark of {marked}, but {said}: {where}")


def text_lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file, numbered from 1, with their line ends and without the mark.

    Lines end with LF, CR LF or CR. Raises InputError for text that is not in the encoding, for a
    line longer than LONGEST, and for NUL characters.
    """
    number = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            while line := file.readline(LONGEST):
                number += 1
                if number == 1:
                    line = line.removeprefix("\ufeff")
                if len(line) >= LONGEST - 1 and line[-1] not in "\r\n":
                    raise InputError(f"{path}, line {number} is longer than {LONGEST} characters")
                if "\0" in line:
                    raise InputError(
                        f"{path}, line {number}: NUL character: the text is not "
                        f"{encoding} (utf-16-le?), or the file is damaged"
                    )
                yield number, line
    except UnicodeError:
        at = first_undecodable_line(path, encoding) or number + 1
        hint = ": set `encoding` in a mapping (often cp1251), or save it as UTF-8"
        raise InputError(
            f"{path}, line {at}: the text is not {encoding}{hint if encoding == 'utf-8' else ''}"
        ) from None


def first_undecodable_line(path: Path, encoding: str) -> int | None:
    """Return the first line that cannot be decoded; None for encodings of wide units."""
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
