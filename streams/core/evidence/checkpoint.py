"""Checkpoints of a log, and proofs that need nothing else (C2SP tlog-checkpoint, tlog-proof).

A checkpoint is three lines that a person can read: who keeps the log, how many leaves it has, the
root of their tree in base64. Signatures stand below it, after an empty line
(`streams.core.evidence.note`). A proof is a text too: the place of a leaf, the hashes from it to
the root, and the checkpoint, so that one file is checked without the log.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import Final, NamedTuple

from streams.core.evidence.merkle import Hash

PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class FormError(ValueError):
    """A text that is not of its form; one sentence says what is wrong."""


class Checkpoint(NamedTuple):
    """What a log says of itself: its origin (a name without a scheme), its size, its root."""

    origin: str
    size: int
    root: Hash

    @property
    def text(self) -> str:
        """The three lines, which are what is signed."""
        return f"{self.origin}\n{self.size}\n{_written(self.root)}\n"


class Proof(NamedTuple):
    """The proof that a leaf is in a log.

    ``place`` is the leaf's index, ``extra`` any data beside it, ``checkpoint`` the signed note of
    the log as it was made.
    """

    place: int
    hashes: tuple[Hash, ...]
    checkpoint: str
    extra: bytes = b""

    @property
    def text(self) -> str:
        """The proof as a file."""
        lines = [PROOF_HEADER]
        if self.extra:
            lines.append(f"extra {_written(self.extra)}")
        lines.append(f"index {self.place}")
        lines += map(_written, self.hashes)
        return "\n".join(lines) + f"\n\n{self.checkpoint}"


def parse_checkpoint(text: str) -> Checkpoint:
    """Parse the text of a checkpoint, without its signatures.

    Lines after the third are extensions, which are signed and not understood. Raises FormError.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] != "":
        raise FormError("a checkpoint has three lines: origin, size, root")
    origin, size, root = lines[:3]
    if not origin:
        raise FormError("a checkpoint names its origin")
    return Checkpoint(origin, _number(size), _hash(root))


def parse_proof(text: str) -> Proof:
    """Parse a proof; raises FormError."""
    head, parted, checkpoint = text.partition("\n\n")
    header, *lines = head.split("\n")
    if header != PROOF_HEADER or not parted:
        raise FormError(f"a proof begins with {PROOF_HEADER} and ends with a checkpoint")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = decoded(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise FormError("a proof names the index of its leaf")
    index = _number(lines.pop(0).removeprefix("index "))
    return Proof(index, tuple(map(_hash, lines)), checkpoint, extra)


def _written(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def decoded(text: str) -> bytes:
    """Decode base64 that is written in the one way there is; raises FormError."""
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise FormError(f"{text!r} is not base64") from None
    if _written(data) != text:
        raise FormError(f"{text!r} is not base64 as it is written")
    return data


def _hash(text: str) -> Hash:
    data = decoded(text)
    if len(data) != 32:
        raise FormError(f"{text!r} is no hash of 32 bytes")
    return data


def _number(text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise FormError(f"{text!r} is no number as a log writes it")
    return int(text)
