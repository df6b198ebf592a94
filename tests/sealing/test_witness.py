"""A witness signs what grew, and nothing else; the log takes only what holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.core.evidence.checkpoint import Checkpoint
from streams.core.evidence.note import note, open_note
from streams.sealing.log_files import LogError, LogFiles
from streams.sealing.log_source import reader_of
from streams.sealing.log_writer import LogWriter
from streams.sealing.publish import add_cosignatures, publish
from streams.sealing.witness import WitnessError, cosign
from streams.signing.ed25519 import verify
from tests.sealing.logs import ORIGIN, SIGNER, WITNESS, at, write_log

NOW = 1_772_366_400


def signed(files: LogFiles) -> str:
    return files.read("checkpoint").decode()


def cosigned(files: LogFiles, state: Path, now: int = NOW) -> str:
    read = reader_of(str(files.directory))
    return cosign(read, signed(files), [SIGNER.public], WITNESS, state, now)


def grow(files: LogFiles, count: int) -> None:
    writer = LogWriter(files.directory)
    writer.append([b"more %d" % number for number in range(count)], {})
    publish(files, Checkpoint(ORIGIN, writer.size, writer.root), SIGNER, at(9))
    writer.close()


def test_a_log_that_grew_is_cosigned(tmp_path: Path) -> None:
    files, state = write_log(tmp_path / "log", [10, 20]), tmp_path / "seen"
    for count in (300, 0, 70):
        grow(files, count)
        found = cosigned(files, state, NOW + count)
        held = open_note(found, [SIGNER.public, WITNESS.public], verify)[1]
        assert [(each.key, each.at) for each in held] == [
            (SIGNER.public, None),
            (WITNESS.public, NOW + count),
        ]
        names, paths = add_cosignatures(files, found, [WITNESS.public])
        assert names == [WITNESS.public.name]
        assert len(paths) == 2
    assert len(signed(files).splitlines()) == 6


def test_another_history_is_not_cosigned(tmp_path: Path) -> None:
    state = tmp_path / "seen"
    cosigned(write_log(tmp_path / "log", [10, 20]), state)
    seen = state.read_bytes()
    for name, days, why in (
        ("shrunk", [10], "the log shrank from 31 leaves to 11"),
        ("fork", [9, 30], None),
    ):
        files = write_log(tmp_path / name, days)
        if why is not None:
            with pytest.raises(WitnessError, match=why):
                cosigned(files, state)
            assert state.read_bytes() == seen
    forged = LogWriter(tmp_path / "forged")
    forged.append([b"%d" % number for number in range(50)], {})
    publish(forged.files, Checkpoint(ORIGIN, 50, forged.root), SIGNER, at(1))
    with pytest.raises(WitnessError, match="the log was changed: its first 31 leaves"):
        cosigned(forged.files, state)
    assert state.read_bytes() == seen


def test_a_checkpoint_without_its_tiles_is_not_cosigned(tmp_path: Path) -> None:
    files = write_log(tmp_path / "log", [10])
    (files.directory / "tile/0/000.p/11").write_bytes(bytes(352))
    with pytest.raises(WitnessError, match="the tiles are not those of its 11 leaves"):
        cosigned(files, tmp_path / "seen")
    (files.directory / "tile/0/000.p/11").unlink()
    with pytest.raises(WitnessError, match="the tiles cannot be read"):
        cosigned(files, tmp_path / "seen")
    other = note(signed(files).split("\n\n")[0] + "\n", [WITNESS("x\n", 1)])
    with pytest.raises(WitnessError, match="signed by no known key"):
        cosign(files.read, other, [SIGNER.public], WITNESS, tmp_path / "seen", NOW)


def test_a_signature_that_does_not_hold_is_not_added(tmp_path: Path) -> None:
    files = write_log(tmp_path / "log", [10])
    before = signed(files)
    text = before.split("\n\n")[0] + "\n"
    with pytest.raises(LogError, match=r"signature of court\.example\.kz does not hold"):
        add_cosignatures(files, note(text, [WITNESS("another\n", 1)]), [WITNESS.public])
    assert signed(files) == before


def test_a_log_is_read_where_it_is(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no directory of a log"):
        reader_of(str(tmp_path / "nowhere"))


@pytest.mark.process
def test_an_address_that_does_not_answer_is_named() -> None:
    with pytest.raises(OSError, match="http://127"):
        reader_of("http://127.0.0.1:1/log")("checkpoint")
