"""Which partition a key belongs to: what Kafka's default partitioner says, as a function of bytes.

Java's clients hash a key with MurmurHash2 (32 bit, a seed of their own). A source's readings are
judged where that puts its id (specification 2), and nowhere else.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

_SEED: Final = 0x9747B28C
_FACTOR: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF
_POSITIVE: Final = 0x7FFFFFFF
_REMEMBERED: Final = 1 << 16  # keys; only ids that are registered are asked for again and again


def murmur2(data: bytes) -> int:
    """Hash bytes as ``org.apache.kafka.common.utils.Utils.murmur2`` does; 0 to 2**32 - 1."""
    whole = len(data) & ~3
    hashed = _SEED ^ len(data)
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * _FACTOR & _MASK
        word = (word ^ word >> 24) * _FACTOR & _MASK
        hashed = (hashed * _FACTOR & _MASK) ^ word
    if whole < len(data):
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * _FACTOR & _MASK
    hashed = (hashed ^ hashed >> 13) * _FACTOR & _MASK
    return hashed ^ hashed >> 15


@lru_cache(_REMEMBERED)
def partition_of(key: str | bytes, partitions: int) -> int:
    """Tell the partition of a key by Kafka's default partitioner; a text is hashed as UTF-8."""
    data = key.encode(errors="surrogatepass") if isinstance(key, str) else key
    return (murmur2(data) & _POSITIVE) % partitions


class Share(NamedTuple):
    """The keys that one ``partition`` of a topic with so many ``partitions`` has."""

    partition: int
    partitions: int

    def has(self, key: str) -> bool:
        """Whether the key belongs to the partition."""
        return partition_of(key, self.partitions) == self.partition
