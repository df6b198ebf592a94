"""``emissions log``: keys, proofs, cosignatures and checks as people call for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emissions.cli.main import cli
from streams.core.evidence.checkpoint import parse_checkpoint, parse_proof
from streams.core.evidence.leaf import read_entry
from streams.core.evidence.merkle import leaf_hash, verify_inclusion
from streams.core.evidence.note import LOG_KEY, WITNESS_KEY, open_note, parse_key
from streams.signing.ed25519 import verify, write_key
from tests.sealing.logs import SIGNER, WITNESS, write_log


def emissions(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in args])


def test_a_key_is_made_once_and_shown_again(tmp_path: Path) -> None:
    file = tmp_path / "log.pem"
    made = emissions("log", "key", "--new", file, "--name", "example.kz/log")
    assert made.exit_code == 0
    key = parse_key(made.output.strip())
    assert (key.name, key.kind) == ("example.kz/log", LOG_KEY)
    assert file.stat().st_mode & 0o777 == 0o600
    assert emissions("log", "key", file, "--name", "example.kz/log").output == made.output
    witness = emissions("log", "key", file, "--name", "court.kz", "--witness")
    assert parse_key(witness.output.strip()).kind == WITNESS_KEY

    again = emissions("log", "key", "--new", file, "--name", "example.kz/log")
    assert again.exit_code == 2
    assert "File exists" in again.output


def test_a_key_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "log.pem"
    assert "a key needs a name" in emissions("log", "key", "--new", file).output
    assert not file.exists()
    emissions("log", "key", "--new", file, "--name", "example.kz/log")
    file.chmod(0o644)
    refused = emissions("log", "key", file, "--name", "example.kz/log")
    assert refused.exit_code == 2
    assert "chmod 600" in refused.output
    assert "PRIVATE" not in refused.output


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log", [10, 300]).directory


def test_a_whole_log_is_checked_and_a_changed_one_named(log: Path, tmp_path: Path) -> None:
    whole = emissions("log", "check", "--directory", log)
    assert whole.exit_code == 0
    assert "311 leaves" in whole.output
    assert "trust them only if you know them" in whole.output
    keys = tmp_path / "keys.txt"
    keys.write_text(f"# the regulator\n{SIGNER.public.text}\n")
    tile = log / "tile/0/000"
    tile.write_bytes(bytes(8192))
    changed = emissions("log", "check", "--directory", log, "--keys", keys, "--format", "json")
    assert changed.exit_code == 1
    found = {row["part"]: row for row in map(json.loads, changed.output.splitlines())}
    assert found["leaves"]["differences"] == ["tile/0/000 is not what the entries give"]
    assert found["checkpoint"]["state"] == "ok"


def test_a_record_is_proved_by_its_id(log: Path, tmp_path: Path) -> None:
    file = tmp_path / "proof"
    said = emissions("log", "proof", "id-7", "--directory", log, "-o", file)
    assert said.exit_code == 0
    leaf = read_entry(said.output.strip().encode())
    assert (leaf.id, leaf.revision) == ("id-7", 3)
    proof = parse_proof(file.read_text())
    checkpoint = parse_checkpoint(open_note(proof.checkpoint, [SIGNER.public], verify)[0])
    assert verify_inclusion(
        leaf_hash(leaf.entry()), proof.place, checkpoint.size, proof.hashes, checkpoint.root
    )
    first = emissions("log", "proof", "id-7", "--revision", 1, "--directory", log)
    assert '"revision":1' in first.output
    for wanted in (("id-7", "--revision", 9), ("nobody",)):
        none = emissions("log", "proof", *wanted, "--directory", log)
        assert none.exit_code == 1
        assert "the log has no leaf of" in none.output


def test_a_witness_cosigns_and_the_log_takes_it(log: Path, tmp_path: Path) -> None:
    names = ("court.pem", "witnesses.txt", "keys.txt", "cosigned", "seen")
    private, witnesses, keys, cosigned, seen = (tmp_path / name for name in names)
    write_key(private, WITNESS.key)
    witnesses.write_text(f"{WITNESS.public.text}\n")
    keys.write_text(f"{SIGNER.public.text}\n")
    call = ["log", "witness", log, "--keys", keys, "--key", private, "--state", seen]
    call += ["--name", WITNESS.public.name, "-o", cosigned]
    assert emissions(*call).exit_code == 0
    added = emissions("log", "cosign", cosigned, "--witnesses", witnesses, "--directory", log)
    assert added.exit_code == 0
    assert "checkpoint: court.example.kz" in added.output
    signed = open_note((log / "checkpoint").read_text(), [WITNESS.public], verify)[1]
    assert signed[0].at is not None
    again = emissions("log", "cosign", cosigned, "--witnesses", witnesses, "--directory", log)
    assert again.exit_code == 1

    forged = write_log(tmp_path / "forged", [9]).directory
    call[2] = forged
    refused = emissions(*call)
    assert refused.exit_code == 1
    assert "the log shrank from 311 leaves to 10" in refused.output


def test_a_log_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    for call in (["check"], ["proof", "id"], ["cosign", __file__, "--witnesses", __file__]):
        assert "name the log by --directory" in emissions("log", *call).output
        nowhere = emissions("log", *call, "--directory", tmp_path / "nowhere")
        assert nowhere.exit_code == 2
        assert "is no directory" in nowhere.output
    empty = emissions("log", "check", "--directory", tmp_path)
    assert empty.exit_code == 1
    assert "checkpoint is missing" in empty.output
