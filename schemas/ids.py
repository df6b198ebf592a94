"""Schema ids: a file of fixed ids for embedded use, a schema registry over HTTP in production."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

from schemas.definitions import Definition, current, define, packaged, packaged_ids
from schemas.errors import SchemaRegistryError

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"


class SchemaIds(Protocol):
    """Which id a record is written with, and which schema an id was written with."""

    def id_of(self, name: str) -> int:
        """Id of the current schema of a record, by its short name; KeyError for another name."""

    def schema_of(self, number: int) -> Definition | None:
        """Schema of an id; None where the id, or its record, is not known.

        Raises SchemaRegistryError where that cannot be found out now.
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
    fetched when they are first seen. Hits are kept for ever (an id never changes its schema),
    misses for ``miss_s`` seconds. Requests are synchronous and bounded by ``timeout_s``.
    """

    def __init__(
        self,
        url: str,
        *,
        subjects: dict[str, str] | None = None,
        timeout_s: float = 5.0,
        miss_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``subjects`` maps record names to subjects where they are not the full names."""
        self._url, self._headers = _without_credentials(url)
        self._subjects = subjects or {}
        self._timeout_s = timeout_s
        self._miss_s = miss_s
        self._clock = clock
        self._ids: dict[str, int] = {}
        self._schemas: dict[int, Definition] = {}
        self._misses: dict[int, float] = {}

    def start(self) -> None:
        """Register every current schema, or look its id up; SchemaRegistryError on failure."""
        for definition in current().values():
            self._register(definition)

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
        if self._clock() < self._misses.get(number, float("-inf")):
            return None
        found = self._fetch(number)
        if found is None:
            if len(self._misses) >= 10_000:  # every id of a hostile flood is a miss
                self._misses.clear()
            self._misses[number] = self._clock() + self._miss_s
        else:
            self._schemas[number] = found
        return found

    def _register(self, definition: Definition) -> None:
        subject = self._subjects.get(definition.name, definition.full_name)
        body = {"schema": definition.text}
        answer = self._ask(f"/subjects/{subject}", body)  # looks up, writes nothing
        if answer is None:
            answer = self._ask(f"/subjects/{subject}/versions", body)
        if answer is None or not isinstance(answer.get("id"), int):
            raise SchemaRegistryError(
                f"schema registry {self._url} gave no id for subject {subject}"
            )
        self._ids[definition.name] = answer["id"]
        self._schemas[answer["id"]] = definition

    def _fetch(self, number: int) -> Definition | None:
        answer = self._ask(f"/schemas/ids/{number}")
        if answer is None or answer.get("schemaType", "AVRO") != "AVRO":
            return None
        try:
            return define(answer["schema"])
        except (KeyError, TypeError, ValueError):
            return None  # whatever was registered under that id, it is no record of ours
        except Exception as error:
            if type(error).__module__.startswith("fastavro"):
                return None
            raise

    def _ask(self, path: str, body: dict[str, str] | None = None) -> dict[str, Any] | None:
        """Answer as a JSON object; None for 404. Raises SchemaRegistryError for all else."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, self._headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 404:
                return None
            raise SchemaRegistryError(
                f"schema registry {self._url} answered {error.code} to {path}"
            ) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise SchemaRegistryError(
                f"schema registry {self._url} does not answer {path}: {reason}"
            ) from None
        if not isinstance(found, dict):
            raise SchemaRegistryError(f"schema registry {self._url} gave no object for {path}")
        return found


def _without_credentials(url: str) -> tuple[str, dict[str, str]]:
    """The URL as it may be shown, and the headers that carry what was cut out of it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SchemaRegistryError("the schema registry's URL is not an http or https URL")
    host = parts.netloc.rpartition("@")[2]
    headers = {"Accept": f"{CONTENT_TYPE}, application/json", "Content-Type": CONTENT_TYPE}
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", "")), headers
