"""The file of dead letters: each line whole, one writer, readable after any crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from emissions.bridge.dead_letters import (
    BridgeDeadLetter,
    DeadLetterFile,
    FileInUseError,
    as_text,
    read_letters,
)

LETTER = BridgeDeadLetter(
    "deliver", "HTTP 400", "emissions.cases", 3, 17, as_text(b"\x00\xff"), 1, "51ca-3", "Жоқ\n"
)


def appended(path: Path, *letters: BridgeDeadLetter) -> None:
    file = DeadLetterFile(path)
    for letter in letters:
        file.append(letter)
    file.close()


def test_what_was_appended_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "letters.ndjson"
    appended(path, LETTER)
    appended(path, LETTER, LETTER)
    assert list(read_letters(path)) == [LETTER] * 3
    assert LETTER.record == b"\x00\xff"


@pytest.mark.parametrize("kept", [0, 1, 2])
@pytest.mark.parametrize("left", [b"{", b'{"stage": "deliver"', b"x" * 200_000])
def test_a_line_that_a_crash_cut_short_is_no_line(tmp_path: Path, kept: int, left: bytes) -> None:
    path = tmp_path / "letters.ndjson"
    appended(path, *[LETTER] * kept)
    with path.open("ab") as file:
        file.write(left)
    assert list(read_letters(path)) == [LETTER] * kept
    appended(path, LETTER)
    assert list(read_letters(path)) == [LETTER] * (kept + 1)


def test_a_file_is_one_bridges(tmp_path: Path) -> None:
    path = tmp_path / "letters.ndjson"
    file = DeadLetterFile(path)
    with pytest.raises(FileInUseError, match="give each one of its own"):
        DeadLetterFile(path)
    file.close()
    appended(path, LETTER)


@pytest.mark.parametrize("line", ["{}", "[]", "text", '{"stage": "deliver", "value": "!"}'])
def test_a_line_that_is_no_letter_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "letters.ndjson"
    appended(path, LETTER)
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(ValueError, match=r"letters.ndjson, line 2 is no dead letter"):
        list(read_letters(path))
