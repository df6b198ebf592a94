"""Reads the public keys that somebody trusts from a file."""

from __future__ import annotations

from pathlib import Path

from streams.core.evidence.checkpoint import FormError
from streams.core.evidence.note import PublicKey, parse_key


class KeysError(ValueError):
    """A file of keys cannot be used; the text says where and why."""


def read_keys(path: Path) -> list[PublicKey]:
    """Read keys, one a line (NAME+ID+KEY); blank lines and those with a # are left out.

    Raises KeysError.
    """
    found = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise KeysError(f"{path}: the file is not UTF-8") from None
    except OSError as error:
        raise KeysError(f"{path}: the file cannot be read: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        text = line.split()
        if not text or text[0].startswith("#"):
            continue
        try:
            found.append(parse_key(text[0]))
        except FormError as error:
            raise KeysError(f"{path}, line {number}: {error}") from None
    if not found:
        raise KeysError(f"{path}: there is no key in it")
    return found
