"""Whatever is changed in a published log is found and named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from streams.core.evidence.note import PublicKey
from streams.sealing.log_check import check_log
from streams.sealing.log_files import LogFiles
from streams.sealing.log_keys import public_keys
from tests.sealing.logs import SIGNER, WITNESS, write_log


@pytest.fixture
def files(tmp_path: Path) -> LogFiles:
    return write_log(tmp_path / "log", [10, 300, 0, 40])


def differences(files: LogFiles, keys: list[PublicKey] | None = None) -> list[str]:
    found = check_log(files, [SIGNER.public] if keys is None else keys)
    return [difference for each in found for difference in each.differences]


def test_a_log_that_nobody_changed_is_whole(files: LogFiles) -> None:
    told: list[tuple[int, int]] = []
    found = check_log(files, public_keys(files.directory), lambda *now: told.append(now))
    assert [(each.part, each.differences) for each in found] == [
        ("checkpoint", []),
        ("leaves", []),
        ("days", []),
        ("stamps", []),
        ("rules", []),
    ]
    assert told[-1] == (351, 351)
    assert files.days() == ["2026-03-01", "2026-03-02", "2026-03-04"]


def change(path: str, edit: Callable[[bytes], bytes]) -> Callable[[LogFiles], None]:
    def changed(files: LogFiles) -> None:
        file = files.directory / path
        file.write_bytes(edit(file.read_bytes()))

    return changed


def remove(path: str) -> Callable[[LogFiles], None]:
    return lambda files: (files.directory / path).unlink()


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (change("tile/entries/000", lambda old: old.replace(b"id-3", b"id-4")),
         "tile/0/000 is not what the entries give"),
        (change("tile/0/000", lambda old: bytes(32) + old[32:]),
         "tile/0/000 is not what the entries give"),
        (change("tile/1/000.p/1", lambda _: bytes(32)),
         "tile/1/000.p/1 is not what the entries give"),
        (change("tile/entries/001.p/95", lambda old: old[:-1]),
         "the bundle ends in the middle of an entry"),
        (remove("tile/0/001.p/95"), "tile/0/001.p/95 is missing"),
        (remove("tile/entries/000"), "tile/entries/000"),
        (remove("checkpoint"), "checkpoint is missing"),
        (change("checkpoint", lambda old: old.replace(b"351", b"350")),
         "checkpoint: the signature of example.kz/log does not hold"),
        (change("checkpoints/2026-03-01", lambda old: old.replace(b"11\n", b"12\n", 1)),
         "checkpoints/2026-03-01: the signature of example.kz/log does not hold"),
        (change("checkpoints/2026-03-04.tsr", bytes), "checkpoints/2026-03-04.tsr: the answer is"),
        (change("rules/kz-1", lambda old: old + b"#"), "rules/kz-1 is not the file whose hash"),
        (remove("rules/kz-1"), "rules/kz-1 is missing"),
    ],
)  # fmt: skip
def test_what_was_changed_is_named(
    files: LogFiles, tamper: Callable[[LogFiles], None], said: str
) -> None:
    (files.directory / "checkpoints/2026-03-04.tsr").touch()
    (files.directory / "checkpoints/2026-03-04.tsr").write_bytes(b"x")
    before = differences(files)
    (files.directory / "checkpoints/2026-03-04.tsr").write_bytes(b"x")
    tamper(files)
    found = [each for each in differences(files) if said in each]
    assert found
    assert said.startswith("checkpoints/2026-03-04.tsr") or not set(found) & set(before)


def test_a_history_that_was_written_anew_is_named(files: LogFiles, tmp_path: Path) -> None:
    other = write_log(tmp_path / "other", [11, 299, 0, 40])
    other_day = (files.directory / "checkpoints/2026-03-01").read_bytes()
    (other.directory / "checkpoints/2026-03-01").write_bytes(other_day)
    assert differences(other) == []  # the first days have the same leaves

    writer_day = files.directory / "checkpoints/2026-03-02"
    forged = write_log(tmp_path / "forged", [12]).directory
    rewritten = (forged / "checkpoints/2026-03-01").read_bytes()
    writer_day.write_bytes(rewritten)
    assert differences(files) == []
    (files.directory / "checkpoints/2026-03-02").write_bytes(other_day)
    (files.directory / "checkpoints/2026-03-01").write_bytes(rewritten)
    assert differences(files) == ["checkpoints/2026-03-02: 11 leaves, and 13 the day before"]


def test_only_known_keys_count(files: LogFiles) -> None:
    (said,) = differences(files, [WITNESS.public])
    assert said == "checkpoint: the note is signed by no known key"
