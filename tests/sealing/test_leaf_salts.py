"""The salts of a log are made once, by its writer, and missed where they are gone."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from streams.core.evidence.leaf import KINDS, SALTED, Leaf, LeafSalts
from streams.sealing.leaf_salts import DIGEST, SALTS, open_salts, read_salts
from streams.sealing.log_files import STATE, LogError
from streams.sealing.log_writer import LogWriter

IDENTITY = "0b9f6f2e-6c1a-5d43-9a51-2f0a3c1d7e55"

READERS = pytest.mark.parametrize("read", [read_salts, lambda log: open_salts(log, 9)])
"""Who compares records with leaves, and who writes them."""


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
    assert (directory / DIGEST).read_text() == sha256(made.secret).hexdigest()
    assert not list(directory.glob(".*"))


def test_a_log_of_an_earlier_version_goes_on_without(directory: Path) -> None:
    assert open_salts(directory, 9) == read_salts(directory) == LeafSalts()
    assert not (directory / SALTS).exists()


@READERS
def test_salts_that_are_gone_are_missed(directory: Path, read: Callable[[Path], LeafSalts]) -> None:
    """Also by who compares: else each record would look like one that nobody sealed."""
    open_salts(directory, 0)
    (directory / SALTS).unlink()
    with pytest.raises(LogError, match=r"leaf-salts\.key is gone: bring it back from the backup"):
        read(directory)


@READERS
def test_a_log_begun_before_the_digest_misses_them_too(
    directory: Path, read: Callable[[Path], LeafSalts]
) -> None:
    open_salts(directory, 0)
    (directory / SALTS).unlink()
    (directory / DIGEST).unlink()
    (directory / STATE / "salted").touch()
    with pytest.raises(LogError, match=r"leaf-salts\.key is gone"):
        read(directory)


@READERS
def test_salts_of_another_log_are_refused(
    directory: Path, tmp_path_factory: pytest.TempPathFactory, read: Callable[[Path], LeafSalts]
) -> None:
    another = tmp_path_factory.mktemp("another")
    LogWriter(another).close()
    open_salts(directory, 0)
    open_salts(another, 0)
    (another / SALTS).rename(directory / SALTS)
    with pytest.raises(LogError, match=r"leaf-salts\.key is of another log"):
        read(directory)


def test_a_log_begun_before_the_digest_gets_one(directory: Path) -> None:
    made = open_salts(directory, 0)
    (directory / DIGEST).unlink()
    assert read_salts(directory) == made
    assert open_salts(directory, 9) == made
    assert (directory / DIGEST).exists()


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
