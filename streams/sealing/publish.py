"""Publishes checkpoints: signed, replaced as a whole, the last one of each day kept.

A checkpoint is written for a state of the log that is on disk (`LogWriter`), first as that of its
day, then as the log's. Signatures of witnesses are added to the notes that they are of.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from streams.core.evidence.checkpoint import Checkpoint, FormError
from streams.core.evidence.note import PublicKey, Signature, note, open_note, split_note
from streams.counted import counted
from streams.sealing.durable import make_directory, replace_file
from streams.sealing.log_files import CHECKPOINT, CHECKPOINTS, STATE, LogError, LogFiles
from streams.sealing.log_keys import NoteSigner, use_key
from streams.signing.ed25519 import verify

PUBLISH_LOCK: Final = "publish.lock"


def publish(files: LogFiles, checkpoint: Checkpoint, signer: NoteSigner, at: datetime) -> bool:
    """Sign and publish a checkpoint (``at``: now, UTC); False where it is the one that stands.

    Raises LogError where the one that stands is of another log, or of more leaves.
    """
    with _publishing(files.directory):
        standing = files.checkpoint()
        if standing is not None:
            _check_successor(files.directory, standing[0], checkpoint)
        signed = standing[1] if standing is not None and standing[0] == checkpoint else None
        day = files.directory / CHECKPOINTS / at.date().isoformat()
        if signed is not None and _is_signed(signed, signer.public):
            return False
        use_key(files.directory, signer.public, at.date())
        signatures = [] if signed is None else split_note(signed)[1]
        content = note(checkpoint.text, [*signatures, signer(checkpoint.text)]).encode()
        make_directory(day.parent)
        replace_file(day, content)
        replace_file(files.directory / CHECKPOINT, content)
    return True


def add_cosignatures(
    files: LogFiles, signed: str, witnesses: Sequence[PublicKey]
) -> tuple[list[str], list[Path]]:
    """Add the cosignatures of a note to the log's notes of the same text.

    ``signed`` is a note that a witness returned. Returns the names of the witnesses whose
    signatures hold, and the files that got them; raises LogError where one of a known witness does
    not hold, and where it is of no known one.
    """
    try:
        text, found = open_note(signed, witnesses, verify)
        signatures = split_note(signed)[1]
    except FormError as error:
        raise LogError(f"the cosigned checkpoint does not hold: {error}") from None
    held = {(each.key.name, each.key.id) for each in found}
    new = [each for each in signatures if (each.name, each.key_id) in held]
    changed = []
    with _publishing(files.directory):
        paths = [files.directory / CHECKPOINTS / day for day in files.days()]
        for path in [*paths, files.directory / CHECKPOINT]:
            standing = _standing(path)
            if standing is None or standing[0] != text:
                continue
            others = [each for each in standing[1] if (each.name, each.key_id) not in held]
            content = note(text, [*others, *new])
            if content != note(*standing):
                replace_file(path, content.encode())
                changed.append(path)
    return [each.key.name for each in found], changed


def _check_successor(directory: Path, standing: Checkpoint, checkpoint: Checkpoint) -> None:
    where = directory / CHECKPOINT
    if standing.origin != checkpoint.origin:
        raise LogError(
            f"{where} is of the log {standing.origin}, and EMISSIONS_LOG_ORIGIN is "
            f"{checkpoint.origin}: a log keeps its name, and a new one begins in an empty directory"
        )
    if standing.size > checkpoint.size:
        raise LogError(
            f"{where} has {counted(standing.size, 'leaf', 'leaves')} already, not {checkpoint.size}"
        )
    if standing.size == checkpoint.size and standing.root != checkpoint.root:
        raise LogError(f"{where} has another root of {counted(standing.size, 'leaf', 'leaves')}")


def _is_signed(signed: str, key: PublicKey) -> bool:
    try:
        open_note(signed, [key], verify)
    except FormError:
        return False
    return True


def _standing(path: Path) -> tuple[str, list[Signature]] | None:
    try:
        return split_note(path.read_text("utf-8"))
    except (FileNotFoundError, UnicodeDecodeError, FormError):
        return None


@contextmanager
def _publishing(directory: Path) -> Iterator[None]:
    """Keep the log's worker and commands from replacing a checkpoint at the same time."""
    make_directory(directory / STATE)
    descriptor = os.open(directory / STATE / PUBLISH_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
