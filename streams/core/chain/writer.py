"""A station's side of its chain: signs messages, head by head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from streams.core.chain.head import (
    CHAIN_HEADER,
    NOTHING_BEFORE,
    READINGS_A_HEAD,
    SIGNATURE_HEADER,
    Hash,
    Head,
    link,
)

Sign = Callable[[bytes], bytes]
"""Signs bytes with a private Ed25519 key: 64 bytes."""

Headers = tuple[tuple[str, bytes], ...]


class ChainEnd(NamedTuple):
    """How far a station has signed: when it began the chain (ms), how many messages, the last head.

    A reader holds the station to it: a number is signed once. So it is stored before its messages
    are sent.
    """

    began: int
    number: int = 0
    head: Hash = NOTHING_BEFORE


def sign_messages(
    end: ChainEnd,
    source_id: str,
    key_id: bytes,
    messages: Sequence[bytes],
    sign: Sign,
    *,
    anchor: bool = False,
) -> tuple[ChainEnd, list[Headers]]:
    """Sign 1 to `READINGS_A_HEAD` messages under one head; return the headers of each.

    The first head of a chain is an ``anchor`` whatever is asked.
    """
    if not 0 < len(messages) <= READINGS_A_HEAD:
        raise ValueError(f"a head covers 1 to {READINGS_A_HEAD} messages, not {len(messages)}")
    links = link(end.head, messages)
    head = Head(key_id, end.began, end.number, anchor or end.number == 0, end.head)
    head = head._replace(signature=sign(head.statement(source_id, links.head)))
    headers: list[Headers] = [((CHAIN_HEADER, chain),) for chain in links.chains]
    headers[0] += ((SIGNATURE_HEADER, head.header),)
    return ChainEnd(end.began, end.number + len(messages), links.head), headers
