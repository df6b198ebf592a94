"""Keeps the secret from which the salts of a log's leaves are made, in a file of the log.

It lies beside the log, since whoever compares records with leaves needs it, and like entries it is
for none but those who may see names. It stays as long as the log: other salts would be other
leaves of the same records.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from streams.core.evidence.leaf import LeafSalts
from streams.sealing.log_files import STATE, LogError

SALTS: Final = "leaf-salts.key"
_MADE: Final = "salted"
_BYTES: Final = 32


def read_salts(directory: Path) -> LeafSalts:
    """Read the salts of a log; of one without the file, as earlier versions began them, none.

    Raises LogError for a file that holds no secret or cannot be read.
    """
    path = directory / SALTS
    try:
        secret = bytes.fromhex(path.read_text("ascii"))
    except FileNotFoundError:
        return LeafSalts()
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        raise LogError(f"{path} holds no secret of {_BYTES} bytes: bring it back from the backup")
    return LeafSalts(secret)


def open_salts(directory: Path, size: int) -> LeafSalts:
    """Read the salts for the log's writer; make them where the log has no leaf yet.

    Raises LogError too where a log with salts has lost them.
    """
    path = directory / SALTS
    if not path.exists() and size == 0:
        _write(path, secrets.token_hex(_BYTES).encode())
    salts = read_salts(directory)
    made = directory / STATE / _MADE
    if salts.secret is not None:
        made.touch()
    elif made.exists():
        raise LogError(f"{path} is gone: bring it back from the backup, as the leaves rest on it")
    return salts


def _write(path: Path, content: bytes) -> None:
    """Write a file for its owner alone, as a whole and so that it outlives a crash."""
    temporary = path.with_name(f".{path.name}.new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
