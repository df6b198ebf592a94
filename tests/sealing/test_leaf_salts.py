"""The salts of a log are made once, by its writer, and missed where they are gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.core.evidence.leaf import KINDS, SALTED, Leaf, LeafSalts
from streams.sealing.leaf_salts import SALTS, open_salts, read_salts
from streams.sealing.log_files import LogError
from streams.sealing.log_writer import LogWriter

IDENTITY = "0b9f6f2e-6c1a-5d43-9a51-2f0a3c1d7e55"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    LogWriter(tmp_path).close()
    return tmp_path


def test_an_empty_log_gets_salts_which_stay(directory: Path) -> None:
    made = open_salts(directory, 0)
    assert made.secret is not None
    assert len(made.secret) == 32
    assert open_salts(directory, 0) == open_salts(directory, 9) == read_salts(directory) == made
    assert (directory / SALTS).stat().st_mode & 0o777 == 0o600
    assert not list(directory.glob(".*"))


def test_a_log_of_an_earlier_version_goes_on_without(directory: Path) -> None:
    assert open_salts(directory, 9) == read_salts(directory) == LeafSalts()
    assert not (directory / SALTS).exists()


def test_salts_that_are_gone_are_missed(directory: Path) -> None:
    open_salts(directory, 0)
    (directory / SALTS).unlink()
    with pytest.raises(LogError, match=r"leaf-salts\.key is gone: bring it back from the backup"):
        open_salts(directory, 9)


@pytest.mark.parametrize("content", [b"", b"abc", b"00" * 31, b"\xff" * 64])
def test_what_is_no_secret_is_refused(directory: Path, content: bytes) -> None:
    (directory / SALTS).write_bytes(content)
    with pytest.raises(LogError, match="holds no secret of 32 bytes"):
        read_salts(directory)


def test_only_what_names_somebody_is_salted_and_each_otherwise() -> None:
    salts = LeafSalts(b"s" * 32)
    assert {kind for kind in KINDS if salts.of(kind, IDENTITY, 1)} == set(SALTED)
    found = {
        salts.of(kind, identity, revision)
        for kind in SALTED
        for identity in (IDENTITY, IDENTITY[::-1])
        for revision in (1, 2)
    }
    assert len(found) == 8
    assert {len(each) for each in found} == {16}
    assert LeafSalts(b"t" * 32).of("case", IDENTITY, 1) not in found


def test_a_salted_leaf_is_another_than_that_of_the_record_alone() -> None:
    salt = LeafSalts(b"s" * 32).of("case", IDENTITY, 1)
    assert Leaf.of("case", IDENTITY, 1, b"value", salt) == Leaf.of(
        "case", IDENTITY, 1, salt + b"value"
    )
    assert Leaf.of("case", IDENTITY, 1, b"value", salt) != Leaf.of("case", IDENTITY, 1, b"value")
