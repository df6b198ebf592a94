"""Generate the nation as messages of the readings topic, in order of arrival."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from operator import itemgetter
from typing import NamedTuple, TypeVar

import msgspec

from emissions.simulation.defects import Defect, DefectKind
from emissions.simulation.emission import Headers
from emissions.simulation.nation import Nation
from emissions.simulation.template_encoder import TemplateEncoder
from schemas.codec import READING, Codec
from schemas.reading import Reading
from streams.core.time.interval import DAY

FOREIGN_SCHEMA_ID = 987_654
BACK = DAY
"""How long before its arrival a message may have been measured, so that `records_from` has it."""
_TELEGRAM = (
    b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;"
    b"CP=&&RtdInterval=30&&1C80\r\n"
)


class SimulatedRecord(NamedTuple):
    """A message: arrival (milliseconds UTC), key, value, its source and its headers."""

    arrived_at: int
    key: bytes
    value: bytes
    source_id: str
    headers: Headers = ()


Item = TypeVar("Item", bound=tuple[object, ...])


def in_order(chunks: Iterable[tuple[int, list[Item]]]) -> Iterator[list[Item]]:
    """Merge chunks into batches in order of arrival, ties in input order.

    A chunk is its end and its items, whose first field is their arrival. No item of a chunk arrives
    before the chunk starts, so what arrives before its end is complete.
    """
    waiting: list[Item] = []
    for end, items in chunks:
        waiting += items
        waiting.sort(key=itemgetter(0))
        cut = _first_from(waiting, end)
        if cut:
            yield waiting[:cut]
        waiting = waiting[cut:]
    if waiting:
        yield waiting


def _first_from(items: list[Item], end: int) -> int:
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if items[middle][0] < end:  # type: ignore[operator]
            low = middle + 1
        else:
            high = middle
    return low


def records(nation: Nation, codec: Codec) -> Iterator[list[SimulatedRecord]]:
    """Yield every message of the nation in order of arrival, in batches of about two hours."""
    return in_order(_encoded(nation, codec, None))


def records_from(nation: Nation, codec: Codec, since: int) -> Iterator[SimulatedRecord]:
    """Yield the messages that arrive after ``since`` (milliseconds UTC), in order of arrival.

    What was measured days before, and arrives after it, may lack.
    """
    for batch in in_order(_encoded(nation, codec, since - BACK)):
        for record in batch:
            if record.arrived_at > since:
                yield record


def _encoded(
    nation: Nation, codec: Codec, since: int | None
) -> Iterator[tuple[int, list[SimulatedRecord]]]:
    stamps = {
        emitter.stack.id: TemplateEncoder(
            codec, emitter.stack.id, emitter.cadence_s, emitter.serial, emitter.parameters
        )
        for emitter in nation.emitters()
    }
    items = [_stray(codec, defect, odd.reading) for defect, odd in nation.strays()]
    for end, chunk in nation.chunks(since):
        for emitter, regular, odd in chunk:
            source_id = emitter.stack.id
            values = stamps[source_id].messages(regular.measured, regular.values)
            arrivals = regular.arrived.tolist()
            key = source_id.encode()
            headers = emitter.headers(regular.measured)
            rows = zip(arrivals, repeat(key), values, repeat(source_id), headers)
            items += map(SimulatedRecord._make, rows)
            items += [
                SimulatedRecord(each.arrived_at, key, _value(codec, each.reading), source_id)
                for each in odd
            ]
        yield end, items
        items = []


def _value(codec: Codec, reading: Reading) -> bytes:
    return codec.encode(READING, msgspec.structs.asdict(reading))


def _stray(codec: Codec, defect: Defect, reading: Reading) -> SimulatedRecord:
    value = _value(codec, reading)
    if defect.kind is DefectKind.FOREIGN_SCHEMA:
        value = value[:1] + FOREIGN_SCHEMA_ID.to_bytes(4, "big") + value[5:]
    elif defect.kind is DefectKind.UNDECODABLE:
        value = {
            "text": msgspec.json.encode(reading),
            "truncated": value[: len(value) // 2],
            "telegram": _TELEGRAM,
        }[defect.detail]
    key = reading.source_id.encode()
    return SimulatedRecord(defect.delivered_at, key, value, reading.source_id)


def readings(nation: Nation) -> Iterator[list[tuple[int, Reading]]]:
    """Yield arrival and reading of every message that is a reading, in order of arrival."""
    return in_order(_decoded(nation))


def _decoded(nation: Nation) -> Iterator[tuple[int, list[tuple[int, Reading]]]]:
    items: list[tuple[int, Reading]] = [
        (odd.arrived_at, odd.reading)
        for defect, odd in nation.strays()
        if defect.kind in (DefectKind.UNKNOWN_SOURCE, DefectKind.TOO_LATE)
    ]
    for end, chunk in nation.chunks():
        for emitter, regular, odd in chunk:
            items += emitter.readings(regular)
            items += [(each.arrived_at, each.reading) for each in odd]
        yield end, items
        items = []
