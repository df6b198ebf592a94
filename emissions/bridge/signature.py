"""Signs webhooks by the convention of Standard Webhooks: HMAC-SHA256 over id, time and body.

The signed text is ``<webhook-id>.<webhook-timestamp>.<body>``. A file holds one key a line, each
``whsec_`` and base64 of 24 to 64 bytes; with several, every one signs, so that a receiver can move
from one to the next.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from pathlib import Path
from typing import Final

PREFIX: Final = "whsec_"
VERSION: Final = "v1"
SHORTEST: Final = 24
LONGEST: Final = 64

_LARGEST_FILE: Final = 16 * 1024
HOW_TO: Final = 'echo "whsec_$(openssl rand -base64 32)" > FILE makes one'


class KeyFileError(ValueError):
    """A file holds no usable key; the text is a sentence without any part of a key."""


class SigningKeys:
    """Keys that sign together; no key is ever in a repr."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._keys = keys

    def headers(self, identity: str, seconds: int, body: bytes) -> dict[str, str]:
        """Return the three headers of a request; ``identity`` must not hold a point."""
        signed = b".".join((identity.encode(), b"%d" % seconds, body))
        return {
            "webhook-id": identity,
            "webhook-timestamp": str(seconds),
            "webhook-signature": " ".join(
                f"{VERSION},{_base64(hmac.digest(key, signed, hashlib.sha256))}"
                for key in self._keys
            ),
        }


def read_keys(path: Path) -> SigningKeys:
    """Read a file of keys. Raises KeyFileError, and OSError for a file that cannot be read."""
    with path.open("rb") as file:
        content = file.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise KeyFileError(f"{path} is no file of keys: it has more than {_LARGEST_FILE} bytes")
    lines = [line.strip() for line in content.decode("utf-8", "replace").splitlines()]
    keys = tuple(
        _key(line, f"{path}, line {number}")
        for number, line in enumerate(lines, 1)
        if line and not line.startswith("#")
    )
    if not keys:
        raise KeyFileError(f"{path} holds no key; {HOW_TO}")
    return SigningKeys(keys)


def _key(line: str, where: str) -> bytes:
    try:
        key = base64.b64decode(line.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not line.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise KeyFileError(
            f"{where}: a key is {PREFIX} and base64 of {SHORTEST} to {LONGEST} bytes; {HOW_TO}"
        )
    return key


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
