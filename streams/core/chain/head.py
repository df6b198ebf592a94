"""The form of a station's signed chain: what is hashed, what is signed, what a message carries.

A station hashes up to `READINGS_A_HEAD` messages into a **chain head**, from the newest to the
oldest: it begins with the head before, and ``SHA256(hash || message)`` of the oldest is the new
head, which it signs (Ed25519) before it sends the first of them. Each message carries in the header
``chain`` the hash that it was hashed with; the first one of a head carries the signature too, in
the header ``sig``. So a reader knows each message to be the signed one as soon as it comes, with
one hash; one signature is verified for a head; and the last message of a head is the one whose
``chain`` is the head before: nothing can be left out, added or moved unseen.

Hashes are SHA-256, 32 bytes; times ms UTC; a message is the whole value of its Kafka record. The
rooms below `streams.core.chain` need nothing but the standard library.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, NamedTuple

CHAIN_HEADER: Final = "chain"
SIGNATURE_HEADER: Final = "sig"

READINGS_A_HEAD: Final = 100
"""Messages that one head may cover."""

HASH_BYTES: Final = 32
NOTHING_BEFORE: Final = bytes(HASH_BYTES)
"""The head before the first one of a chain."""

KEY_ID_BYTES: Final = 8
_DOMAIN: Final = b"emission-streams station chain v1\n"
_VERSION: Final = 1
_ANCHOR: Final = 1
_FIELDS_BYTES: Final = 2 + KEY_ID_BYTES + 8 + 8 + HASH_BYTES
_SIGNATURE_BYTES: Final = 64
_MOST: Final = 1 << 62

Hash = bytes


class Head(NamedTuple):
    """What the header ``sig`` tells of a chain head, but for the head itself.

    ``key_id`` names the key (`key_id_of`). ``began``: when the station began the chain. ``number``:
    how many messages of the chain come before the first of this head. ``anchor``: a reader may go
    on here although it lacks what came before. ``previous``: the head before.
    """

    key_id: bytes
    began: int
    number: int
    anchor: bool
    previous: Hash
    signature: bytes = b""

    @property
    def fields(self) -> bytes:
        """The header without the signature: version, flags, key, chain, number, head before."""
        return (
            bytes((_VERSION, _ANCHOR if self.anchor else 0))
            + self.key_id
            + self.began.to_bytes(8)
            + self.number.to_bytes(8)
            + self.previous
        )

    @property
    def header(self) -> bytes:
        """The value of the header ``sig``: 122 bytes."""
        return self.fields + self.signature

    def statement(self, source_id: str, head: Hash) -> bytes:
        """Return the bytes that are signed: for what, the fields, the head, and whose it is."""
        return _DOMAIN + self.fields + head + source_id.encode(errors="surrogatepass")


def key_id_of(public: bytes) -> bytes:
    """Return the eight bytes by which a head names its key: the first of the key's SHA-256."""
    return sha256(public).digest()[:KEY_ID_BYTES]


def parse_head(header: bytes) -> Head | None:
    """Parse the value of a header ``sig``; None where it is none of this form."""
    if len(header) != _FIELDS_BYTES + _SIGNATURE_BYTES or header[0] != _VERSION:
        return None
    if header[1] not in (0, _ANCHOR):
        return None
    began, number = int.from_bytes(header[10:18]), int.from_bytes(header[18:26])
    if began > _MOST or number > _MOST:
        return None
    return Head(
        header[2:10],
        began,
        number,
        bool(header[1]),
        header[26:_FIELDS_BYTES],
        header[_FIELDS_BYTES:],
    )


class Links(NamedTuple):
    """A head, and the header ``chain`` of each message that it covers, in their order."""

    head: Hash
    chains: list[Hash]


def link(previous: Hash, messages: Sequence[bytes]) -> Links:
    """Hash messages, the oldest first in the list, into a head; ``previous`` is the one before."""
    chains: list[Hash] = []
    at = previous
    for message in reversed(messages):
        chains.append(at)
        at = sha256(at + message).digest()
    chains.reverse()
    return Links(at, chains)
