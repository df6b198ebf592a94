"""The leaves of the transparency log: what was published, by its hash, without a name in it.

A leaf is one line of JSON in the form of RFC 8785 (keys sorted, no blanks), so that anybody can
write it again from a record: its kind, its id, its revision, and the SHA-256 of its bytes as they
stand on the topic. The hash of a leaf is public before a case is. What is known of a case beside
its record could be tried until that hash comes out; so of cases and violations a salt is hashed
before the bytes, which nobody learns but from the bundle of the record (`LeafSalts`).
"""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from typing import Final, Literal, NamedTuple

LeafKind = Literal["case", "registration", "root", "rules", "violation"]
"""Of a registration the id is the БИН and the revision its offset; of rules the id is their version
and the revision 1; of a root the id is ``source_id|YYYY-MM-DD``."""

KINDS: Final[tuple[LeafKind, ...]] = ("case", "registration", "root", "rules", "violation")


SALTED: Final[tuple[LeafKind, ...]] = ("case", "violation")
"""What names an enterprise that may not be named yet."""
SALT_BYTES: Final = 16


class LeafSalts(NamedTuple):
    """Give the salts of one log's leaves, from its secret; None: its leaves have none."""

    secret: bytes | None = None

    def of(self, kind: LeafKind, identity: str, revision: int) -> bytes:
        """Return the salt of a leaf; empty for kinds that name nobody."""
        if self.secret is None or kind not in SALTED:
            return b""
        said = f"{kind}|{identity}|{revision}".encode()
        return hmac.digest(self.secret, said, "sha256")[:SALT_BYTES]


class Leaf(NamedTuple):
    """One leaf; ``digest`` is the SHA-256 (32 bytes) of its salt, if any, and the record."""

    kind: LeafKind
    id: str
    revision: int
    digest: bytes

    @classmethod
    def of(
        cls, kind: LeafKind, identity: str, revision: int, value: bytes, salt: bytes = b""
    ) -> Leaf:
        """Make the leaf of a record from its bytes as they stand on the topic."""
        return cls(kind, identity, revision, sha256(salt + value).digest())

    def entry(self) -> bytes:
        """Encode the leaf as the entry that the log hashes."""
        members = {
            "id": self.id,
            "kind": self.kind,
            "revision": self.revision,
            "sha256": self.digest.hex(),
        }
        text = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
        return text.encode()


def read_entry(entry: bytes) -> Leaf:
    """Decode an entry; raises ValueError for one that `Leaf.entry` would not have written."""
    try:
        members = json.loads(entry)
        leaf = Leaf(
            members["kind"], members["id"], members["revision"], bytes.fromhex(members["sha256"])
        )
        written = leaf.kind in KINDS and len(leaf.digest) == 32 and leaf.entry() == entry
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no leaf of this log: {entry[:80]!r}") from error
    if not written:
        raise ValueError(f"no leaf of this log: {entry[:80]!r}")
    return leaf
