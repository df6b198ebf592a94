"""Signed notes: a text with signatures below it, by names that people know (C2SP signed-note).

A signature line is an em dash, the name of the key, and in base64 four bytes of the key's id before
the signature. A reader ignores signatures of keys that it does not know, and refuses the whole note
where one of a key that it knows does not hold.

Of the two kinds of Ed25519 keys one signs the text alone (a log), the other a time with it: the
cosignature of a witness that has seen the log grow (C2SP tlog-cosignature).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from streams.core.evidence.checkpoint import FormError, decoded

LOG_KEY: Final = 0x01
WITNESS_KEY: Final = 0x04
"""Kinds of keys: the first byte of an encoded public key."""
_DASH: Final = "\N{EM DASH} "
_NAME: Final = re.compile(r"[^\s+]+")
_STAMP_BYTES: Final = 8

Sign = Callable[[bytes], bytes]
"""Signs bytes with a private Ed25519 key: 64 bytes."""
Verify = Callable[[bytes, bytes, bytes], bool]
"""Tells whether a public key (32 bytes), a signature and signed bytes belong together."""


class PublicKey(NamedTuple):
    """A key that signs notes: its name, its kind, its 32 bytes (Ed25519)."""

    name: str
    kind: int
    key: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature names its key."""
        encoded = self.name.encode() + b"\n" + bytes([self.kind]) + self.key
        return sha256(encoded).digest()[:4]

    @property
    def text(self) -> str:
        """The key as one word, such as ``example.com/foo+530d903a+AekyeR...``."""
        encoded = b64encode(bytes([self.kind]) + self.key).decode("ascii")
        return f"{self.name}+{self.id.hex()}+{encoded}"


class Signature(NamedTuple):
    """One line below a note: the name and id of its key, and what it signed."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line as it is written."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.signature).decode('ascii')}\n"


class Signed(NamedTuple):
    """A key whose signature holds; ``at`` is the time (s) that a witness signed with it."""

    key: PublicKey
    at: int | None = None


def parse_key(text: str) -> PublicKey:
    """Parse a public key from its word; raises FormError, also where its id is that of another."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    data = decoded(encoded)
    if not is_name(name) or len(data) != 33 or data[0] not in (LOG_KEY, WITNESS_KEY):
        raise FormError(f"{text!r} is no Ed25519 key of a log or a witness")
    key = PublicKey(name, data[0], data[1:])
    if key.id.hex() != key_id:
        raise FormError(f"{text!r} says id {key_id}, and its key has {key.id.hex()}")
    return key


def is_name(text: str) -> bool:
    """Tell whether a text can name a key: no blanks, no plus."""
    return _NAME.fullmatch(text) is not None


def sign(text: str, key: PublicKey, sign_bytes: Sign, at: int | None = None) -> Signature:
    """Sign the text of a note; ``at`` is the time (s UTC) that a witness adds."""
    if key.kind == WITNESS_KEY:
        if at is None:
            raise ValueError("a witness signs a time")
        signature = at.to_bytes(_STAMP_BYTES) + sign_bytes(_timed(text, at))
    else:
        signature = sign_bytes(text.encode())
    return Signature(key.name, key.id, signature)


def note(text: str, signatures: Iterable[Signature]) -> str:
    """Put signatures below a text, which ends with a newline."""
    return f"{text}\n{''.join(each.line for each in signatures)}"


def split_note(signed: str) -> tuple[str, list[Signature]]:
    """Split a note into its text and its signatures; raises FormError."""
    text, parted, below = signed.rpartition("\n\n")
    if not parted or not below.endswith("\n"):
        raise FormError("a note is a text, an empty line, and signatures")
    return f"{text}\n", [_signature(line) for line in below.removesuffix("\n").split("\n")]


def open_note(signed: str, keys: Sequence[PublicKey], verify: Verify) -> tuple[str, list[Signed]]:
    """Return the text of a note, and the known keys whose signatures hold.

    Raises FormError where one of a known key does not hold, and where no key of it is known.
    """
    text, signatures = split_note(signed)
    known = {(key.name, key.id): key for key in keys}
    found: list[Signed] = []
    for each in signatures:
        key = known.get((each.name, each.key_id))
        if key is None:
            continue
        at, signature, message = None, each.signature, text.encode()
        if key.kind == WITNESS_KEY:
            at = int.from_bytes(signature[:_STAMP_BYTES])
            signature, message = signature[_STAMP_BYTES:], _timed(text, at)
        if not verify(key.key, signature, message):
            raise FormError(f"the signature of {key.name} does not hold")
        if all(other.key != key for other in found):
            found.append(Signed(key, at))
    if not found:
        raise FormError("the note is signed by no known key")
    return text, found


def _timed(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _signature(line: str) -> Signature:
    name, parted, encoded = line.removeprefix(_DASH).partition(" ")
    data = decoded(encoded)
    if not line.startswith(_DASH) or not parted or not is_name(name) or len(data) < 5:
        raise FormError(f"{line!r} is no signature of a note")
    return Signature(name, data[:4], data[4:])
