"""Schema ids: a file of fixed ids for embedded use, a schema registry over HTTP in production."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol
from urllib.parse import quote

from schemas.awaited_ids import AwaitedIds
from schemas.definitions import Definition, current, define, packaged, packaged_ids
from schemas.errors import SchemaNotYetKnown, SchemaRegistryError, UnknownSchema
from schemas.registry_client import RegistryClient

COMPATIBILITY: Final = "BACKWARD_TRANSITIVE"
_REFUSED_KEPT: Final = 10_000


class SchemaIds(Protocol):
    """Which id a record is written with, and which schema an id was written with."""

    def id_of(self, name: str) -> int:
        """Id of the current schema of a record, by its short name; KeyError for another name."""

    def schema_of(self, number: int) -> Definition | None:
        """Schema of an id; None where the id is not known.

        Raises UnknownSchema where what it stands for can never be used, SchemaRegistryError where
        that cannot be found out now, and its SchemaNotYetKnown while the id is to be waited for.
        """


class FileIds:
    """The fixed ids of ``schemas/ids.json``."""

    def __init__(self) -> None:
        self._schemas = {number: packaged(file) for number, file in packaged_ids().items()}
        self._ids = {found.name: number for number, found in sorted(self._schemas.items())}

    def id_of(self, name: str) -> int:
        """Id of the current schema of a record."""
        return self._ids[name]

    def schema_of(self, number: int) -> Definition | None:
        """Schema of an id; None where the file does not have it."""
        return self._schemas.get(number)


class HttpIds:
    """Ids of a Confluent-compatible schema registry, one subject a record (its full name).

    ``start`` registers every schema that the registry does not have; ids met on the topics are
    fetched, with the schemas that they refer to, when they are first seen. Hits are kept for ever
    (an id never changes its schema). An id that the registry does not know is asked for again
    soon, see `schemas.awaited_ids`. Requests are synchronous and bounded by ``timeout_s``.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str | None = None,
        password: str | None = None,
        subjects: dict[str, str] | None = None,
        timeout_s: float = 5.0,
        wait_s: float = 0.0,
        miss_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``subjects`` maps record names to subjects where they are not the full names.

        ``wait_s``: messages wait so long for an id that the registry does not know.
        """
        self._client = RegistryClient(url, user=user, password=password, timeout_s=timeout_s)
        self._subjects = subjects or {}
        self._clock = clock
        self._ids: dict[str, int] = {}
        self._schemas: dict[int, Definition] = {}
        self._refused: dict[int, str] = {}
        self._awaited = AwaitedIds(wait_s, miss_s)

    def start(self) -> None:
        """Register every current schema, or look its id up; SchemaRegistryError on failure."""
        for definition in current().values():
            self._register(definition)

    def answers(self) -> None:
        """Ask the registry something; SchemaRegistryError where it does not answer."""
        self._look_up(next(iter(current().values())))

    def registered(self) -> dict[str, bool]:
        """Whether each record's current schema is registered; nothing is written.

        Raises SchemaRegistryError where the registry does not answer.
        """
        return {
            self._subject(definition): self._look_up(definition) is not None
            for definition in current().values()
        }

    def compatibility(self) -> dict[str, str]:
        """The compatibility that is in force for each subject; raises SchemaRegistryError."""
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
        """Let every subject take compatible schemas only; raises SchemaRegistryError."""
        for definition in current().values():
            self._demand_compatibility(definition)

    def id_of(self, name: str) -> int:
        """Id of the current schema of a record, registered if ``start`` has not done it."""
        if name not in self._ids:
            self._register(current()[name])
        return self._ids[name]

    def schema_of(self, number: int) -> Definition | None:
        """Schema of an id, fetched when it is first asked for."""
        found = self._schemas.get(number)
        if found is not None:
            return found
        if number in self._refused:
            raise UnknownSchema(self._refused[number])
        now = self._clock()
        if self._awaited.may_ask(number, now):
            try:
                found = self._fetch(number)
            except SchemaRegistryError:
                if not self._answers_for_ids():
                    raise
                found = None  # of this id alone it says nothing sensible: as good as unknown
            if found is not None:
                self._awaited.found(number)
                self._schemas[number] = found
                return found
            self._awaited.missed(number, now)
        if self._awaited.waits(number, now):
            raise SchemaNotYetKnown(
                f"schema registry {self._client.url} does not know schema id {number} yet"
            )
        return None

    def _answers_for_ids(self) -> bool:
        """Whether the registry gives the schema of an id that it must have: one of ours.

        An id for which it fails for ever must not stop the partition in which a message names it.
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
        """What the registry has under an id; None where it does not know it, or its references.

        Raises UnknownSchema where it is none of ours; that is remembered.
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
            self._awaited.found(number)
            if len(self._refused) >= _REFUSED_KEPT:
                self._refused.clear()
            self._refused[number] = str(error)
            raise
        return found
