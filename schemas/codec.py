"""Encode records to framed messages and decode them.

Confluent wire format: 0x00, the schema id as four bytes big-endian, the Avro body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from io import BytesIO
from struct import Struct
from typing import Any

import fastavro
from fastavro.read import SchemaResolutionError

from schemas.body_check import BodyCheck
from schemas.columns import DecodedBatch
from schemas.decoding.batch import ColumnDecoder
from schemas.decoding.record import HEADER, ReadingDecoder
from schemas.definitions import (
    Definition,
    current,
    packaged,
    packaged_ids,
    same_on_the_wire,
)
from schemas.encoding.compiler import compile_encoder
from schemas.errors import SchemaNotYetKnown, Undecodable, UnknownSchema
from schemas.ids import SchemaIds
from schemas.reading import Reading, Rejected, Tick

READING = "EmissionReading"
TICK = "StreamTick"

_framing = Struct(">BI")
_TICK = Tick()
_MAX_ERROR_CHARACTERS = 200  # characters of an error of fastavro


class Codec:
    """Encode and decode framed messages, caching everything about a schema id.

    Not thread-safe.
    """

    def __init__(self, ids: SchemaIds) -> None:
        self._ids = ids
        self._encoders: dict[str, Callable[[Any], bytes]] = {}
        self._definitions: dict[int, Definition] = {}
        self._checks: dict[int, BodyCheck] = {}
        self._decoders: dict[int, Callable[[bytes], Reading | Tick]] = {}
        self._readings = ReadingDecoder()
        self._current_readings: set[int] = set()
        self._columns = ColumnDecoder(self.decode_reading, self._is_current)

    def encode(self, record_name: str, record: Any) -> bytes:
        """Encode a record, a dict or a struct with the schema's fields, as a framed message.

        Raises KeyError for an unknown record name; KeyError, TypeError, ValueError or
        AttributeError for a record that does not fit its schema.
        """
        return self.encoder(record_name)(record)

    def encoder(self, record_name: str) -> Callable[[Any], bytes]:
        """Return the encoder of the records of one name, for encoding many of them.

        Raises KeyError for an unknown record name.
        """
        found = self._encoders.get(record_name)
        if found is None:
            framing = _framing.pack(0, self._ids.id_of(record_name))
            found = compile_encoder(current()[record_name].parsed, framing)
            self._encoders[record_name] = found
        return found

    def earlier_forms(self, record_name: str, record: dict[str, Any]) -> Iterator[bytes]:
        """Yield what earlier programs wrote of a record, by each earlier version of its schema.

        Their ids are the fixed ones; a version that the record does not fit is left out.
        """
        for number, file in packaged_ids().items():
            writer = packaged(file)
            if writer.name != record_name or writer is current()[record_name]:
                continue
            body = BytesIO()
            with suppress(KeyError, TypeError, ValueError, AttributeError):
                fastavro.schemaless_writer(body, writer.parsed, record)
                yield _framing.pack(0, number) + body.getvalue()

    def decode(self, value: bytes) -> tuple[str, dict[str, Any]]:
        """Decode a framed message to its record name and its record in the current schema.

        Raises Undecodable or UnknownSchema, and SchemaRegistryError if the schema registry does not
        answer.
        """
        number = _schema_id(value)
        writer = self._definition(number)
        return writer.name, self._decode_body(value, number, writer)

    def decode_reading(self, value: bytes | None) -> Reading | Tick | Rejected:
        """Decode a message of the readings topic; a bad message is a value, not an exception.

        Rejected has the reason ``UNDECODABLE`` or ``UNKNOWN_SCHEMA``. Raises only
        SchemaRegistryError, if the schema registry does not answer: the message may be good.
        """
        if value is None:
            return Rejected("UNDECODABLE", "the message has no value")
        try:
            number = _schema_id(value)
            decoder = self._decoders.get(number)
            if decoder is None:
                decoder = self._decoders[number] = self._reading_decoder(number)
            return decoder(value)
        except Undecodable as error:
            return Rejected("UNDECODABLE", str(error))
        except UnknownSchema as error:
            return Rejected("UNKNOWN_SCHEMA", str(error))

    def decode_readings(self, values: Sequence[bytes | None]) -> DecodedBatch:
        """Decode the messages of a batch into columns, each as `decode_reading` does.

        There is one block per pattern; columns of values are contiguous. Raises only
        SchemaRegistryError, if the schema registry does not answer.
        """
        try:
            return self._columns.decode(values)
        except SchemaNotYetKnown:
            self._query_all_ids(values)
            raise

    def _query_all_ids(self, values: Sequence[bytes | None]) -> None:
        """Query every unknown id of a batch, so that all are waited for at the same time."""
        numbers = {
            _framing.unpack_from(value)[1] for value in values if value and len(value) >= HEADER
        }
        for number in numbers - self._definitions.keys():
            with suppress(SchemaNotYetKnown, UnknownSchema):
                self._definition(number)

    def _is_current(self, value: bytes) -> bool:
        """Tell whether a reading was written with the current schema."""
        return _schema_id(value) in self._current_readings

    def _definition(self, number: int) -> Definition:
        found = self._definitions.get(number)
        if found is None:
            found = self._ids.schema_of(number)
            if found is None or found.name not in current():
                raise UnknownSchema(f"schema id {number} is not known")
            ours = current()[found.name]
            if same_on_the_wire(found, ours):
                found = ours
            self._definitions[number] = found
        return found

    def _decode_body(self, value: bytes, number: int, writer: Definition) -> dict[str, Any]:
        reader = current()[writer.name]
        if writer is not reader:
            check = self._checks.get(number)
            if check is None:
                check = self._checks[number] = BodyCheck(writer.parsed)
            check.end_of(value, HEADER)
        body = BytesIO(value)
        body.seek(HEADER)
        try:
            record = fastavro.schemaless_reader(body, writer.parsed, reader.parsed)
        except SchemaResolutionError as error:
            raise UnknownSchema(
                f"schema id {number} cannot be read as {writer.name}: {_shortened(error)}"
            ) from error
        except Exception as error:  # fastavro raises what the bytes lead it to
            raise Undecodable(
                f"the body is no {writer.name} ({type(error).__name__}: {_shortened(error)})"
            ) from None
        if body.tell() != len(value):
            raise Undecodable(f"{len(value) - body.tell()} bytes follow the record")
        return dict(record)

    def _reading_decoder(self, number: int) -> Callable[[bytes], Reading | Tick]:
        writer = self._definition(number)
        if writer is current()[READING]:
            self._current_readings.add(number)
            return self._readings.decode
        if writer.name == READING:
            return lambda value: Reading(**self._decode_body(value, number, writer))
        if writer.name == TICK:

            def decode_tick(value: bytes) -> Tick:
                self._decode_body(value, number, writer)
                return _TICK

            return decode_tick
        raise UnknownSchema(f"schema id {number} is a {writer.name}, which is no reading")


def _schema_id(value: bytes) -> int:
    if len(value) < HEADER:
        raise Undecodable(f"a message of {len(value)} bytes has no room for a schema id")
    magic, number = _framing.unpack_from(value)
    if magic != 0:
        raise Undecodable(f"the message begins with byte {magic}, not with 0")
    return int(number)


def _shortened(error: Exception) -> str:
    """Return the text of an error without the whole schema that it may quote."""
    text = str(error)
    return text if len(text) <= _MAX_ERROR_CHARACTERS else text[:_MAX_ERROR_CHARACTERS] + "..."
