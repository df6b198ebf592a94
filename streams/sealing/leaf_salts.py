"""Keeps the secret from which the salts of a log's leaves are made, in a file of the log.

It lies beside the log, since whoever compares records with leaves needs it, and like entries it is
for none but those who may see names. It stays as long as the log: other salts would be other
leaves of the same records.
"""

from __future__ import annotations

import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final

from streams.core.evidence.leaf import LeafSalts
from streams.sealing.log_files import STATE, LogError

SALTS: Final = "leaf-salts.key"
DIGEST: Final = "leaf-salts.sha256"
_MADE: Final = "salted"  # in the worker's own state: logs that were begun before the digest
_BYTES: Final = 32


def read_salts(directory: Path) -> LeafSalts:
    """Read the salts of a log; of one that was begun without, as by earlier versions, none.

    Raises LogError for a file that holds no secret, or another one, or cannot be read, and where a
    log with salts has lost it: without them its records look like records that nobody sealed.
    """
    path = directory / SALTS
    try:
        digest = _text(directory / DIGEST)
        text = _text(path)
    except OSError as error:
        raise LogError(f"{error.filename} cannot be read: {error.strerror}") from None
    if text is None:
        if digest is None and not (directory / STATE / _MADE).exists():
            return LeafSalts()
        raise LogError(f"{path} is gone: bring it back from the backup, as the leaves rest on it")
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        raise LogError(f"{path} holds no secret of {_BYTES} bytes: bring it back from the backup")
    if digest is not None and digest.strip() != _digest(secret):
        raise LogError(f"{path} is of another log: bring back the one that {DIGEST} tells")
    return LeafSalts(secret)


def open_salts(directory: Path, size: int) -> LeafSalts:
    """Read the salts for the log's writer, as `read_salts`; make them where no leaf is yet."""
    if not (directory / SALTS).exists() and size == 0:
        _write(directory / SALTS, secrets.token_hex(_BYTES), 0o600)
    salts = read_salts(directory)
    if salts.secret is not None and not (directory / DIGEST).exists():
        _write(directory / DIGEST, _digest(salts.secret), 0o644)
    return salts


def _digest(secret: bytes) -> str:
    return sha256(secret).hexdigest()


def _text(path: Path) -> str | None:
    """Return what a file says; None where there is none."""
    try:
        return path.read_text("ascii", errors="replace")
    except FileNotFoundError:
        return None


def _write(path: Path, content: str, mode: int) -> None:
    """Write a file with a mode, as a whole and so that it outlives a crash."""
    temporary = path.with_name(f".{path.name}.new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content.encode())
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
