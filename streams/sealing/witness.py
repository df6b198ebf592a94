"""What a witness of a log does: sees that it only grew, and signs that (C2SP tlog-cosignature).

A witness remembers the last checkpoint that it signed. It signs a new one if that is signed by the
log, has not fewer leaves, and its tiles prove that the tree which the witness knows is the
beginning of it. So nobody can show two courts two histories that both are cosigned.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from streams.core.evidence.checkpoint import Checkpoint, FormError, parse_checkpoint
from streams.core.evidence.merkle import consistency_proof, range_hash, verify_consistency
from streams.core.evidence.note import PublicKey, note, open_note, split_note
from streams.core.evidence.tiles import TileReader
from streams.errors import OperatorError
from streams.sealing.durable import replace_file
from streams.sealing.log_keys import NoteSigner
from streams.signing.ed25519 import verify

Read = Callable[[str], bytes]
"""Reads a file of the log by its path; raises OSError."""


class WitnessError(OperatorError):
    """A checkpoint that a witness does not sign; the text is a sentence that says why."""


def examine(
    read: Read, signed: str, log_keys: Sequence[PublicKey], last: Checkpoint | None
) -> Checkpoint:
    """Check a checkpoint against the last one that was signed; None: it is the first.

    Raises WitnessError.
    """
    try:
        text, _ = open_note(signed, log_keys, verify)
        checkpoint = parse_checkpoint(text)
    except FormError as error:
        raise WitnessError(f"the checkpoint does not hold: {error}") from None
    if last is not None and last.origin != checkpoint.origin:
        raise WitnessError(f"it is of the log {checkpoint.origin}, not of {last.origin}")
    if last is not None and last.size > checkpoint.size:
        raise WitnessError(f"the log shrank from {last.size} leaves to {checkpoint.size}")
    tree = TileReader(read, checkpoint.size)
    try:
        if range_hash(tree, 0, checkpoint.size) != checkpoint.root:
            raise WitnessError(f"the tiles are not those of its {checkpoint.size} leaves")
        if last is not None and last.size and not _grew(tree, last, checkpoint):
            raise WitnessError(
                f"the log was changed: its first {last.size} leaves are not those that were "
                f"signed (root {last.root.hex()})"
            )
    except (OSError, ValueError) as error:
        raise WitnessError(f"the tiles cannot be read: {error}") from None
    return checkpoint


def cosign(
    read: Read,
    signed: str,
    log_keys: Sequence[PublicKey],
    witness: NoteSigner,
    state: Path,
    at: int,
) -> str:
    """Return the note with the witness's signature, whose time (s UTC) is ``at``.

    ``state`` is the file of the last checkpoint, replaced before the signature is returned.
    Raises WitnessError.
    """
    descriptor = os.open(state.with_name(f"{state.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        examine(read, signed, log_keys, _last(state))
        replace_file(state, signed.encode())
    finally:
        os.close(descriptor)
    text, signatures = split_note(signed)
    others = [each for each in signatures if each.key_id != witness.public.id]
    return note(text, [*others, witness(text, at)])


def _grew(tree: TileReader, last: Checkpoint, checkpoint: Checkpoint) -> bool:
    proof = consistency_proof(tree, last.size, checkpoint.size)
    return verify_consistency(last.size, last.root, checkpoint.size, checkpoint.root, proof)


def _last(state: Path) -> Checkpoint | None:
    try:
        return parse_checkpoint(split_note(state.read_text("utf-8"))[0])
    except FileNotFoundError:
        return None
    except (UnicodeDecodeError, FormError) as error:
        raise WitnessError(f"{state} is no checkpoint that was signed before: {error}") from None
