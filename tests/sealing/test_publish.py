"""Checkpoints: signed once for a tree, kept by day, with the signatures of witnesses."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.core.evidence.checkpoint import Checkpoint, parse_checkpoint, parse_proof
from streams.core.evidence.merkle import leaf_hash, verify_inclusion
from streams.core.evidence.note import WITNESS_KEY, note, open_note, split_note
from streams.sealing.log_files import LogError, LogFiles
from streams.sealing.log_keys import NoteSigner, public_keys, read_keys
from streams.sealing.log_writer import LogWriter
from streams.sealing.proof import LogProver
from streams.sealing.publish import add_cosignatures, publish
from streams.signing.ed25519 import key_of, verify

ORIGIN = "example.kz/log"
SIGNER = NoteSigner.of(ORIGIN, key_of(bytes(32)))
NEXT = NoteSigner.of(ORIGIN, key_of(b"\x01" * 32))
WITNESS = NoteSigner.of("court.example.kz", key_of(b"\x02" * 32), WITNESS_KEY)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def writer(tmp_path: Path) -> LogWriter:
    return LogWriter(tmp_path / "log")


def published(writer: LogWriter, *, at: datetime = NOON, signer: NoteSigner = SIGNER) -> bool:
    return publish(writer.files, Checkpoint(ORIGIN, writer.size, writer.root), signer, at)


def test_a_checkpoint_is_signed_once(writer: LogWriter) -> None:
    writer.append([b"a", b"b"], {})
    assert published(writer)
    assert not published(writer)

    found = writer.files.checkpoint()
    assert found is not None
    text, signed = open_note(found[1], public_keys(writer.files.directory), verify)
    assert parse_checkpoint(text) == (ORIGIN, 2, writer.root)
    assert [each.key for each in signed] == [SIGNER.public]
    keys = (writer.files.directory / "keys.txt").read_text()
    assert keys == f"{SIGNER.public.text} 2026-03-01\n"


def test_the_last_checkpoint_of_each_day_is_kept(writer: LogWriter) -> None:
    for day, entries in ((1, [b"a"]), (1, [b"b"]), (2, [b"c"]), (4, [])):
        writer.append(entries, {})
        published(writer, at=NOON.replace(day=day))

    assert writer.files.days() == ["2026-03-01", "2026-03-02"]
    texts = [writer.files.read(f"checkpoints/{day}").decode() for day in writer.files.days()]
    assert [parse_checkpoint(split_note(each)[0]).size for each in texts] == [2, 3]


def test_a_new_key_signs_and_the_old_one_stays_known(writer: LogWriter) -> None:
    writer.append([b"a"], {})
    published(writer)
    writer.append([b"b"], {})
    published(writer, at=NOON.replace(day=5), signer=NEXT)

    directory = writer.files.directory
    assert [(each.since.day, each.until and each.until.day) for each in read_keys(directory)] == [
        (1, 5),
        (5, None),
    ]
    for day, key in (("2026-03-01", SIGNER), ("2026-03-05", NEXT)):
        signed = open_note(
            writer.files.read(f"checkpoints/{day}").decode(), public_keys(directory), verify
        )[1]
        assert [each.key for each in signed] == [key.public]


def test_a_standing_checkpoint_gets_the_signature_of_a_new_key(writer: LogWriter) -> None:
    writer.append([b"a"], {})
    published(writer)
    assert published(writer, signer=NEXT)
    found = writer.files.checkpoint()
    assert found is not None
    assert len(split_note(found[1])[1]) == 2


def test_cosignatures_are_added_to_the_notes_they_are_of(writer: LogWriter) -> None:
    writer.append([b"a"], {})
    published(writer)
    found = writer.files.checkpoint()
    assert found is not None
    text, signatures = split_note(found[1])
    cosigned = note(text, [*signatures, WITNESS(text, 1_772_366_400)])

    names, paths = add_cosignatures(writer.files, cosigned, [WITNESS.public])
    assert names == ["court.example.kz"]
    assert {path.name for path in paths} == {"2026-03-01", "checkpoint"}
    signed = open_note(
        writer.files.read("checkpoint").decode(), [SIGNER.public, WITNESS.public], verify
    )[1]
    assert [(each.key, each.at) for each in signed] == [
        (SIGNER.public, None),
        (WITNESS.public, 1_772_366_400),
    ]
    assert add_cosignatures(writer.files, cosigned, [WITNESS.public])[1] == []
    with pytest.raises(LogError, match="signed by no known key"):
        add_cosignatures(writer.files, found[1], [WITNESS.public])

    writer.append([b"b"], {})
    published(writer, at=NOON.replace(day=2))
    assert add_cosignatures(writer.files, cosigned, [WITNESS.public])[1] == []


def test_another_log_is_refused(writer: LogWriter) -> None:
    writer.append([b"a"], {})
    published(writer)
    for checkpoint, why in (
        (Checkpoint("other", 1, writer.root), "is of the log example.kz/log"),
        (Checkpoint(ORIGIN, 0, writer.root), "has 1 leaf already"),
        (Checkpoint(ORIGIN, 1, bytes(32)), "has another root of 1 leaf"),
    ):
        with pytest.raises(LogError, match=why):
            publish(writer.files, checkpoint, SIGNER, NOON)


def test_a_lost_state_goes_on_from_the_checkpoint(writer: LogWriter) -> None:
    writer.append([b"a", b"b"], {("t", 0): 2})
    published(writer)
    writer.append([b"c"], {("t", 0): 3})
    writer.close()
    directory = writer.files.directory
    (directory / "state" / "sealed.json").unlink()

    again = LogWriter(directory)
    assert (again.size, again.offsets) == (2, {})
    assert again.append([b"a", b"b", b"d"], {}) == 1
    assert list(again.files.entries(3)) == [b"a", b"b", b"d"]
    again.close()


def test_an_older_state_under_a_newer_checkpoint_is_refused(writer: LogWriter) -> None:
    directory = writer.files.directory
    writer.append([b"a"], {})
    older = (directory / "state" / "sealed.json").read_bytes()
    writer.append([b"b"], {})
    published(writer)
    writer.close()
    (directory / "state" / "sealed.json").write_bytes(older)
    with pytest.raises(LogError, match="2 leaves and the state 1"):
        LogWriter(directory)

    (directory / "checkpoint").unlink()
    (directory / "state" / "sealed.json").unlink()
    with pytest.raises(LogError, match="copy checkpoints/2026-03-01 there"):
        LogWriter(directory)


def test_a_leaf_is_proved(writer: LogWriter) -> None:
    entries = [b"%d" % number for number in range(700)]
    writer.append(entries, {})
    published(writer)
    writer.append([b"later"], {})

    prover = LogProver(LogFiles(writer.files.directory))
    assert prover.places([b"699", b"no", b"0", b"later"]) == [699, None, 0, None]
    proof = prover.prove_entry(b"300")
    assert proof is not None
    read = parse_proof(proof.text)
    text, _ = open_note(read.checkpoint, [SIGNER.public], verify)
    checkpoint = parse_checkpoint(text)
    assert verify_inclusion(
        leaf_hash(b"300"), read.place, checkpoint.size, read.hashes, checkpoint.root
    )
    assert prover.prove_entry(b"later") is None
    with pytest.raises(LogError, match="has 700 leaves, and none at 700"):
        prover.prove(700)


def test_a_directory_without_a_checkpoint_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="has no checkpoint yet"):
        LogProver(LogFiles(tmp_path))
