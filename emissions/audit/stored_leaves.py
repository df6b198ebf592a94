"""Make the leaves of what ClickHouse holds, row by row, as they must be in the log.

Violations, cases and roots are written anew from their rows: a row that was altered gives other
bytes, and so another leaf. Every row counts, also one that another of its key hides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from emissions.audit.leaf_comparison import LeafComparison, LeafKey
from emissions.bundle.rows import RecordTable
from schemas.codec import Codec
from streams.core.evidence.leaf import Leaf, LeafKind, LeafSalts

_REGISTRATIONS: Final = "SELECT bin, offset, value FROM registrations"
_RULE_SETS: Final = "SELECT rule_set, sha256, packed FROM rule_sets"
_USED_RULES: Final = (
    "SELECT rule_set FROM violations GROUP BY rule_set "
    "UNION DISTINCT SELECT rule_set FROM cases GROUP BY rule_set"
)
_LAST: Final = (
    "SELECT toString(id), max(revision) FROM violations WHERE id IN {ids:Array(UUID)} GROUP BY id"
)
_REVISIONS: Final = (
    "SELECT toString(id), revision FROM violation_revisions WHERE id IN {ids:Array(UUID)}"
)
_FIRST_OF: Final = (
    "SELECT bin, min(offset) FROM registrations WHERE bin IN {bins:Array(String)} GROUP BY bin"
)
_OLDER: Final = (
    "SELECT count() = 2 AND dateDiff('minute', min(applied_at), max(applied_at)) > 5 "
    "FROM migrations FINAL WHERE number IN (1, 26)"
)
_TABLES: Final[tuple[tuple[LeafKind, str, str, str], ...]] = (
    ("root", "SourceDayRoot", "roots", "final"),
    ("violation", "Violation", "violations", "1"),
    ("case", "AdministrativeCase", "cases", "1"),
)
_TEXTS_AS_BYTES: Final[dict[str, str]] = {"String": "bytes"}


class StoredLeaves:
    """Reads the leaves of one database; ``client`` is bound to it, ``salts`` are the log's."""

    def __init__(self, client: Client, codec: Codec, salts: LeafSalts) -> None:
        self._client = client
        self._salts = salts
        self._codec = codec

    def take(self, comparison: LeafComparison) -> None:
        """Add the leaf of every row."""
        for name, offset, value in self._bytes_of(_REGISTRATIONS):
            comparison.take(Leaf.of("registration", name.decode(), offset, value or b""))
        used = {str(version) for (version,) in self._rows(_USED_RULES)}
        for version, said, packed in self._bytes_of(_RULE_SETS):
            leaf = Leaf.of("rules", version.decode(), 1, packed)
            if said.decode() != leaf.digest.hex():  # the sum beside it is not its own
                leaf = leaf._replace(digest=sha256(said + packed).digest())
            comparison.take(leaf, optional=leaf.id not in used)
        for kind, record, table, condition in _TABLES:
            self._take_records(comparison, kind, record, table, condition)

    def excused(self, absent: Sequence[Leaf]) -> Collection[Leaf]:
        """Return which leaves need not be in the tables.

        Of a violation the last revision stands in ``violations``, of earlier ones only what
        changes, in ``violation_revisions``. Registrations from before there was a table for them
        are not in it.
        """
        violations = [leaf for leaf in absent if leaf.kind == "violation"]
        registrations = [leaf for leaf in absent if leaf.kind == "registration"]
        return [*self._replaced(violations), *self._older(registrations)]

    def _replaced(self, leaves: Sequence[Leaf]) -> Iterable[Leaf]:
        if not leaves:
            return ()
        ids = sorted({leaf.id for leaf in leaves})
        last = {str(name): int(revision) for name, revision in self._rows(_LAST, ids=ids)}
        there = {(str(name), int(revision)) for name, revision in self._rows(_REVISIONS, ids=ids)}
        return [
            leaf
            for leaf in leaves
            if leaf.revision < last.get(leaf.id, 0) and (leaf.id, leaf.revision) in there
        ]

    def _older(self, leaves: Sequence[Leaf]) -> Iterable[Leaf]:
        if not leaves or not self._rows(_OLDER)[0][0]:
            return ()
        bins = sorted({leaf.id for leaf in leaves})
        first = {str(name): int(offset) for name, offset in self._rows(_FIRST_OF, bins=bins)}
        return [leaf for leaf in leaves if leaf.revision < first.get(leaf.id, leaf.revision + 1)]

    def _take_records(
        self, comparison: LeafComparison, kind: LeafKind, record: str, table: str, condition: str
    ) -> None:
        chosen = RecordTable(self._rows, record, table)
        encode = self._codec.encoder(record)
        with self._client.query_rows_stream(chosen.select(condition)) as rows:
            for row in rows:
                fields = chosen.record(row)
                identity = fields.get("id") or f"{fields['source_id']}|{fields['day']}"
                place = kind, identity, fields["revision"]
                comparison.take(
                    Leaf.of(*place, _encoded(encode, fields), self._salts.of(*place)),
                    otherwise=partial(self._as_earlier, place, record, fields),
                )

    def _as_earlier(self, place: LeafKey, record: str, fields: dict[str, Any]) -> Iterator[Leaf]:
        """Yield the leaves that earlier programs made of a record."""
        for content in self._codec.earlier_forms(record, fields):
            yield Leaf.of(*place, content, self._salts.of(*place))

    def _rows(self, sql: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        return self._client.query(sql, parameters=parameters).result_rows

    def _bytes_of(self, sql: str) -> Iterator[Sequence[Any]]:
        with self._client.query_rows_stream(sql, query_formats=_TEXTS_AS_BYTES) as rows:
            yield from rows


def _encoded(encode: Callable[[Any], bytes], fields: dict[str, Any]) -> bytes:
    """Encode a record; nothing, which is in no log, for what no worker can have published."""
    try:
        return encode(fields)
    except (AttributeError, KeyError, TypeError, ValueError):
        return b""
