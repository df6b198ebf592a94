"""Makes leaves of what was published: which topics are sealed, and what of each record.

The topics are read whole, all partitions. Of each record the leaf says its kind, its id, its
revision, and the hash of its bytes as they stand on the topic (`streams.core.evidence.leaf`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from schemas.codec import Codec
from streams.core.evidence.leaf import Leaf, LeafSalts
from streams.core.law.country import Country
from streams.core.quality.rejection import arrival_rejection
from streams.registry.avro import RECORD as REGISTRATION
from streams.registry.avro import enterprise_from_record
from streams.registry.follower import bin_of
from streams.settings import Settings

MAX_LEAF_BYTES: Final = 4096
"""Longer leaves are those of ids that no worker makes."""


class Record(Protocol):
    """A record of a Kafka topic, as a consumer returns it."""

    @property
    def topic(self) -> str: ...  # noqa: D102
    @property
    def partition(self) -> int: ...  # noqa: D102
    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def timestamp(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102


class UnsealedError(ValueError):
    """A record that is none of those that are sealed; the text is a sentence."""


def sealed_topics(settings: Settings) -> tuple[str, ...]:
    """Return the sealed topics, in the order in which the leaves of one append stand."""
    return (
        settings.topic_registry,
        settings.topic_roots,
        settings.topic_violations,
        settings.topic_cases,
    )


class LeafReader:
    """Makes the leaf of each record of the sealed topics, with the ``salts`` of its log."""

    def __init__(
        self,
        settings: Settings,
        codec: Codec,
        country: Country,
        salts: LeafSalts = LeafSalts(),  # noqa: B008 (it cannot be changed)
    ) -> None:
        self.salts = salts
        self._codec = codec
        self._country = country
        self.topics = sealed_topics(settings)
        of_each = (self._registration, self._root, self._violation, self._case)
        self._readers: Mapping[str, Callable[[Record], Leaf | None]] = dict(
            zip(self.topics, of_each, strict=True)
        )

    def leaf(self, record: Record) -> Leaf | None:
        """Make the leaf of a record; None: it is not to be sealed (yet).

        Raises UnsealedError for a record that does not belong in its topic, whoever wrote it
        there, and SchemaRegistryError where its schema must be asked for and nobody answers.
        """
        try:
            leaf = self._readers[record.topic](record)
        except (ValueError, LookupError, TypeError) as error:
            raise UnsealedError(str(error)) from None
        if leaf is not None and len(leaf.entry()) > MAX_LEAF_BYTES:
            raise UnsealedError(f"its id has {len(leaf.id)} characters")
        return leaf

    def _registration(self, record: Record) -> Leaf:
        untimely = arrival_rejection(record.timestamp)
        if untimely is not None:
            raise ValueError(untimely.detail)
        enterprise = None
        if record.value is not None:
            fields = self._decoded(record, REGISTRATION)
            enterprise = enterprise_from_record(fields, self._country)
        bin_ = bin_of(record.key, enterprise, self._country)
        return Leaf.of("registration", bin_, record.offset, record.value or b"")

    def _root(self, record: Record) -> Leaf | None:
        fields = self._decoded(record, "SourceDayRoot")
        source = fields["source_id"]
        if record.key != source.encode():
            raise ValueError(f"its key is not its source {source[:100]}")
        if not fields["final"]:
            return None  # a later revision will be
        identity = f"{source}|{fields['day']}"
        return Leaf.of("root", identity, fields["revision"], record.value or b"")

    def _violation(self, record: Record) -> Leaf:
        return self._revision(record, "violation", "Violation")

    def _case(self, record: Record) -> Leaf:
        return self._revision(record, "case", "AdministrativeCase")

    def _revision(self, record: Record, kind: Any, name: str) -> Leaf:
        fields = self._decoded(record, name)
        if record.key != fields["id"].encode():
            raise ValueError(f"its key is not its id {fields['id'][:100]}")
        place = kind, fields["id"], fields["revision"]
        return Leaf.of(*place, record.value or b"", self.salts.of(*place))

    def _decoded(self, record: Record, wanted: str) -> dict[str, Any]:
        if record.value is None:
            raise ValueError("it has no value")
        name, fields = self._codec.decode(record.value)
        if name != wanted:
            raise ValueError(f"it is a {name}")
        return fields
