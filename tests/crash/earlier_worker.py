"""A worker that keeps its state as the version before this one did.

That version saved every case whole, never packed, and could not read a packed one; it wrote to the
changelog without an epoch, claimed nothing, and heeded nobody's claim. What it has else written is
the same, so the rest of the worker is that of today. Called as `tests.crash.crashing_worker` is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from streams.changelog import replica
from streams.changelog.replica import NEXT_OFFSET, StateHeaders, state_headers
from streams.changelog.write_behind import WriteBehind
from streams.core.cases import state_bytes
from streams.core.cases.state import Case
from streams.core.engine import case_tracker
from tests.crash import crashing_worker

_whole = msgspec.msgpack.Decoder(Case)


def encode_whole(case: Case, now: int) -> bytes:
    """Encode a case as the earlier version did, however old it is."""
    return msgspec.msgpack.encode(case)


def decode_whole(encoded: bytes) -> Case:
    """Decode a case as the earlier version did; raises ``msgspec.DecodeError`` for a packed one."""
    return _whole.decode(encoded)


def never_packed(case: Case, now: int) -> bool:
    """Say that a case is whole."""
    return False


def headers_without_epoch(write_behind: Any) -> tuple[tuple[str, bytes], ...]:
    """Return the headers of a record of the state as the earlier version wrote them."""
    return ((NEXT_OFFSET, b"%d" % write_behind._reaches),)


def offset_alone(headers: Sequence[tuple[str, bytes]]) -> StateHeaders:
    """Read the headers of a record as the earlier version did."""
    return state_headers(headers)._replace(epoch=None)


AS_BEFORE: Final = (
    (WriteBehind, "claimed", True),
    (WriteBehind, "_headers", headers_without_epoch),
    (replica, "state_headers", offset_alone),
    (case_tracker, "encode_case", encode_whole),
    (case_tracker, "is_packed", never_packed),
    (state_bytes, "decode_case", decode_whole),
)
"""Where the worker finds how its state is kept, and what it finds there instead."""


def keep_state_as_before() -> None:
    """Read and write the state in this process as the earlier version did."""
    for module, name, earlier in AS_BEFORE:
        setattr(module, name, earlier)


if __name__ == "__main__":
    keep_state_as_before()
    sys.exit(crashing_worker.main(sys.argv[1:]))
