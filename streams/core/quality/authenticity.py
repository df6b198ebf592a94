"""Whether messages are those that a station has signed: its chain, read one message after another.

The place in a chain moves by messages that are proved and by nothing else, so what anybody else
sends leaves it where it was. A message is proved if it hashes, with its header ``chain``, to what
the message before it was hashed with, or if it carries a signature over its hash by a key of its
source that was valid when it was measured, and is the next in the chain
(`streams.core.chain.head`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from streams.core.chain.head import (
    CHAIN_HEADER,
    HASH_BYTES,
    READINGS_A_HEAD,
    SIGNATURE_HEADER,
    Hash,
    Head,
    parse_head,
)
from streams.core.law.policy import SIGNATURES_OFF
from streams.core.law.quality_codes import BAD_SIGNATURE, BROKEN_CHAIN, UNSIGNED
from streams.core.quality.rejection import Rejection
from streams.core.records.record import RawRecord
from streams.core.sources.source import StationKey
from streams.core.time.wording import local_text

Verify = Callable[[bytes, bytes, bytes], bool]
"""Tells whether a public key (32 bytes), a signature and signed bytes belong together."""


class Signatures(NamedTuple):
    """How signatures are verified, and the policy of sources whose registration names none."""

    verify: Verify
    otherwise: str = SIGNATURES_OFF


class ChainPlace(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Where a source's chain is.

    ``began`` (ms) names the chain; ``number`` is that of the next message in it, ``first`` that of
    the first message of the last proved head, ``head``. ``awaited`` is what the next message of
    that head must hash to, ``previous`` the head before, with which its last message was hashed;
    both are empty once that one has come.
    """

    began: int
    number: int
    first: int
    head: Hash
    awaited: Hash
    previous: Hash


class ChainJump(NamedTuple):
    """A chain that goes on at an anchor although messages before it lack.

    ``at`` is the place of the message that carries the anchor, among those that were read;
    ``began`` and ``number`` tell where the chain goes on, ``before`` where it was.
    """

    at: int
    began: int
    number: int
    before: ChainPlace

    @property
    def missing(self) -> int | None:
        """How many messages lack; None where another chain begins, which does not say."""
        return self.number - self.before.number if self.began == self.before.began else None


NO_SIGNATURE: Final = Rejection(UNSIGNED, "it carries neither a header chain nor a header sig")
_OUT_OF_LINE: Final = Rejection(
    BROKEN_CHAIN, "it is not the message that the signed head has in this place of the chain"
)
_NO_CHAIN: Final = Rejection(
    BAD_SIGNATURE, f"its header sig goes without a header chain of {HASH_BYTES} bytes"
)
_NO_HEAD: Final = Rejection(BAD_SIGNATURE, "its header sig has no form that is known")
_NOT_SIGNED: Final = Rejection(
    BAD_SIGNATURE, "the signature does not hold for this message, source and place of the chain"
)


class ChainReader:
    """Reads messages of one source, in the order of their offsets, from a place in its chain on.

    ``place`` is where the chain is (None: none has begun), ``jumps`` what lacked in the last
    messages that were read.
    """

    def __init__(self, place: ChainPlace | None, source_id: str, verify: Verify) -> None:
        self.place = place
        self.jumps: list[ChainJump] = []
        self._source_id = source_id
        self._verify = verify

    def read(
        self,
        records: Sequence[RawRecord],
        measured_at: Sequence[int],
        keys: Mapping[bytes, StationKey],
        future: int,
    ) -> dict[int, Rejection]:
        """Read messages; returns why those are not proved that are not, by place in ``records``.

        ``keys`` are those of the registration when the messages arrived, by `key_id_of`; each must
        be valid at ``measured_at`` (ms) of the message that carries its signature. A chain begins
        at most ``future`` (ms) after its message arrived, so that a clock that was wrong once does
        not bind a station.
        """
        self.jumps = []
        refused: dict[int, Rejection] = {}
        chains, signatures = _headers(records)
        digests = [
            sha256(chain + (record.value or b"")).digest()
            if chain is not None and len(chain) == HASH_BYTES
            else None
            for chain, record in zip(chains, records, strict=True)
        ]
        since = 0
        for at in signatures:
            self._follow(chains, digests, since, at, refused)
            refusal = self._begin(
                at, signatures[at], chains[at], digests[at], keys,
                measured_at[at], records[at].timestamp + future,
            )  # fmt: skip
            if refusal is not None:
                refused[at] = refusal
            since = at + 1
        self._follow(chains, digests, since, len(records), refused)
        return refused

    def _follow(
        self,
        chains: Sequence[bytes | None],
        digests: Sequence[Hash | None],
        start: int,
        end: int,
        refused: dict[int, Rejection],
    ) -> None:
        """Read messages without a signature: each is awaited, or not proved."""
        place = self.place
        awaited = previous = b""
        number = last = 0
        if place is not None:
            awaited, previous = place.awaited, place.previous
            number, last = place.number, place.first + READINGS_A_HEAD
        before = number
        for at in range(start, end):
            chain = chains[at]
            if digests[at] == awaited and chain is not None:
                number += 1
                if chain == previous:
                    awaited = previous = b""
                else:
                    awaited = chain if number < last else b""
            else:
                refused[at] = NO_SIGNATURE if chain is None else _OUT_OF_LINE
        if place is not None and number > before:
            self.place = ChainPlace(place.began, number, place.first, place.head, awaited, previous)

    def _begin(
        self,
        at: int,
        signature: bytes,
        chain: bytes | None,
        digest: Hash | None,
        keys: Mapping[bytes, StationKey],
        measured_at: int,
        latest: int,
    ) -> Rejection | None:
        """Read the first message of a head: go on with it, or return why it is not proved."""
        if digest is None or chain is None:
            return _NO_CHAIN
        head = parse_head(signature)
        if head is None:
            return _NO_HEAD
        key = keys.get(head.key_id)
        if key is None:
            return Rejection(
                BAD_SIGNATURE, f"no key {head.key_id.hex()} of the source is registered"
            )
        if not key.valid[0] <= measured_at < key.valid[1]:
            return Rejection(
                BAD_SIGNATURE, f"its key {key.id!r} was not valid when the reading was measured"
            )
        if not self._verify(key.public, head.signature, head.statement(self._source_id, digest)):
            return _NOT_SIGNED
        place = self.place
        if place is None or not _continues(place, head):
            if not head.anchor or not _is_later(place, head):
                return _elsewhere(place, head)
            if head.began > latest:
                return Rejection(
                    BROKEN_CHAIN,
                    f"it begins a chain at {_utc(head.began)}, which is after its arrival",
                )
            if place is not None:
                self.jumps.append(ChainJump(at, head.began, head.number, place))
        ends = chain == head.previous
        self.place = ChainPlace(
            head.began,
            head.number + 1,
            head.number,
            digest,
            b"" if ends else chain,
            b"" if ends else head.previous,
        )
        return None


def _headers(
    records: Sequence[RawRecord],
) -> tuple[list[bytes | None], dict[int, bytes]]:
    """Find the header ``chain`` of each message, and the headers ``sig`` by place.

    Of several headers the last counts, as Kafka's clients read them.
    """
    chains: list[bytes | None] = []
    signatures: dict[int, bytes] = {}
    for at, record in enumerate(records):
        chain = None
        for name, value in record.headers:
            if name == CHAIN_HEADER:
                chain = value
            elif name == SIGNATURE_HEADER:
                signatures[at] = value or b""
        chains.append(chain)
    return chains, signatures


def _continues(place: ChainPlace, head: Head) -> bool:
    """Tell whether a head is the next one, and every message of the last one has come."""
    return (
        head.previous == place.head
        and head.number == place.number
        and head.began == place.began
        and not place.previous
    )


def _is_later(place: ChainPlace | None, head: Head) -> bool:
    return place is None or (head.began, head.number) > (place.began, place.number)


def _utc(instant: int) -> str:
    return local_text(instant, "UTC")


def _elsewhere(place: ChainPlace | None, head: Head) -> Rejection:
    """Say where a head that is signed does not fit."""
    here = f"message {head.number} of the chain begun {_utc(head.began)}"
    if place is None:
        said = f"it is {here}, and no chain has begun here: a station begins one with an anchor"
    else:
        said = (
            f"it is {here}, and the source's chain, begun {_utc(place.began)}, is at message "
            f"{place.number}"
        )
    return Rejection(BROKEN_CHAIN, said)
