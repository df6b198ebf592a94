"""Resolve schema ids: from a file of fixed ids, or from a schema registry over HTTP."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol
from urllib.parse import quote

from schemas.definitions import Definition, current, define, packaged, packaged_ids
from schemas.errors import SchemaNotYetKnown, SchemaRegistryError, UnknownSchema
from schemas.missing_ids import MissingIds
from schemas.registry_client import RegistryClient

COMPATIBILITY: Final = "BACKWARD_TRANSITIVE"
_MAX_REFUSED: Final = 10_000


class SchemaIds(Protocol):
    """Map record names to schema ids, and ids to schemas."""

    def id_of(self, name: str) -> int:
        """Return the id of a record's current schema, by its short name. Raises KeyError."""

    def schema_of(self, number: int) -> Definition | None:
        """Return the schema of an id, None if the id is unknown.

        Raises UnknownSchema if its schema can never be used, SchemaRegistryError if that cannot be
        determined now, and SchemaNotYetKnown, one of those, while the id is waited for.
        """


class FileIds:
    """Resolve the fixed ids of ``schemas/ids.json``."""

    def __init__(self) -> None:
        self._schemas = {number: packaged(file) for number, file in packaged_ids().items()}
        self._ids = {found.name: number for number, found in sorted(self._schemas.items())}

    def id_of(self, name: str) -> int:
        """Return the id of a record's current schema."""
        return self._ids[name]

    def schema_of(self, number: int) -> Definition | None:
        """Return the schema of an id, None if the file does not have it."""
        return self._schemas.get(number)


class HttpIds:
    """Resolve ids with a Confluent-compatible schema registry.

    Each record has one subject, its full name. ``start`` registers the schemas that the registry
    lacks. The schema of an id is fetched, with its references, when the id is first seen, and
    cached without end (an id never changes its schema). An unknown id is queried again soon, see
    `schemas.missing_ids`. Requests are synchronous and bounded by ``timeout_s``.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str | None = None,
        password: str | None = None,
        authorization: Callable[[], str | None] | None = None,
        tls: ssl.SSLContext | None = None,
        subjects: dict[str, str] | None = None,
        timeout_s: float = 5.0,
        wait_s: float = 0.0,
        miss_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``subjects`` maps record names to subjects where those are not the full names.

        ``wait_s``: how long messages wait for an id that the registry does not know;
        ``authorization`` and ``tls`` as in `RegistryClient`.
        """
        self._client = RegistryClient(
            url,
            user=user,
            password=password,
            authorization=authorization,
            tls=tls,
            timeout_s=timeout_s,
        )
        self._subjects = subjects or {}
        self._clock = clock
        self._ids: dict[str, int] = {}
        self._schemas: dict[int, Definition] = {}
        self._refused: dict[int, str] = {}
        self._missing = MissingIds(wait_s, miss_s)

    def start(self) -> None:
        """Register every current schema, or look up its id. Raises SchemaRegistryError."""
        for definition in current().values():
            self._register(definition)

    def answers(self) -> None:
        """Query the registry once. Raises SchemaRegistryError if it does not answer."""
        self._look_up(next(iter(current().values())))

    def registered(self) -> dict[str, bool]:
        """Tell for each subject whether its current schema is registered; write nothing.

        Raises SchemaRegistryError if the registry does not answer.
        """
        return {
            self._subject(definition): self._look_up(definition) is not None
            for definition in current().values()
        }

    def compatibility(self) -> dict[str, str]:
        """Return the compatibility level in force for each subject. Raises SchemaRegistryError."""
        found = {}
        for definition in current().values():
            subject = self._subject(definition)
            for path in (f"/config/{subject}?defaultToGlobal=true", "/config"):
                answer = self._client.ask(path)
                if answer is not None:
                    found[subject] = str(answer.get("compatibilityLevel"))
                    break
        return found

    def set_compatibility(self) -> None:
        """Restrict every subject to compatible schemas. Raises SchemaRegistryError."""
        for definition in current().values():
            self._demand_compatibility(definition)

    def id_of(self, name: str) -> int:
        """Return the id of a record's current schema, registering it if ``start`` has not."""
        if name not in self._ids:
            self._register(current()[name])
        return self._ids[name]

    def schema_of(self, number: int) -> Definition | None:
        """Return the schema of an id, fetching it on first use."""
        found = self._schemas.get(number)
        if found is not None:
            return found
        if number in self._refused:
            raise UnknownSchema(self._refused[number])
        now = self._clock()
        if self._missing.may_query(number, now):
            try:
                found = self._fetch(number)
            except SchemaRegistryError:
                if not self._answers_for_ids():
                    raise
                found = None  # of this id alone it says nothing sensible: as good as unknown
            if found is not None:
                self._missing.resolved(number)
                self._schemas[number] = found
                return found
            self._missing.query_failed(number, now)
        if self._missing.should_wait(number, now):
            raise SchemaNotYetKnown(
                f"schema registry {self._client.url} does not know schema id {number} yet"
            )
        return None

    def _answers_for_ids(self) -> bool:
        """Tell whether the registry returns the schema of an id that it must have: one of ours.

        An id for which it always fails must not block the partition of a message that names it.
        """
        try:
            own = self._look_up(next(iter(current().values())))
            return own is not None and self._client.schema(own) is not None
        except SchemaRegistryError:
            return False

    def _demand_compatibility(self, definition: Definition) -> None:
        path = f"/config/{self._subject(definition)}"
        self._client.ask(path, {"compatibility": COMPATIBILITY}, method="PUT")

    def _subject(self, definition: Definition) -> str:
        return quote(self._subjects.get(definition.name, definition.full_name), safe="")

    def _look_up(self, definition: Definition) -> int | None:
        answer = self._client.ask(
            f"/subjects/{self._subject(definition)}", {"schema": definition.text}
        )
        number = None if answer is None else answer.get("id")
        return number if isinstance(number, int) else None

    def _register(self, definition: Definition) -> None:
        number = self._look_up(definition)
        if number is None:
            path = f"/subjects/{self._subject(definition)}/versions"
            with suppress(SchemaRegistryError):  # who may register may not configure: doctor says
                self._demand_compatibility(definition)
            answer = self._client.ask(path, {"schema": definition.text})
            number = None if answer is None else answer.get("id")
        if not isinstance(number, int):
            raise SchemaRegistryError(
                f"schema registry {self._client.url} gave no id for subject "
                f"{self._subject(definition)}"
            )
        self._ids[definition.name] = number
        self._schemas[number] = definition

    def _fetch(self, number: int) -> Definition | None:
        """Fetch the schema of an id; None if the registry does not know it, or its references.

        Raises UnknownSchema if it is none of ours; that is cached.
        """
        try:
            answer = self._client.schema(number)
            if answer is None:
                return None
            try:
                found = define(answer.text, answer.references)
            except ValueError as error:
                raise UnknownSchema(f"schema id {number} cannot be used: {error}") from None
            if found is None:
                raise UnknownSchema(f"schema id {number} is no record of this pipeline")
        except UnknownSchema as error:
            self._missing.resolved(number)
            if len(self._refused) >= _MAX_REFUSED:
                self._refused.clear()
            self._refused[number] = str(error)
            raise
        return found
