"""The questions to a Confluent-compatible schema registry, one HTTP request each."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from typing import Any, Final, NamedTuple
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from schemas.errors import SchemaRegistryError, UnknownSchema

CONTENT_TYPE: Final = "application/vnd.schemaregistry.v1+json"
MOST_REFERENCES: Final = 64
"""Schemas that one schema may need, over all levels; each is a request."""
LONGEST_ANSWER: Final = 16 << 20
"""Bytes."""


class Registered(NamedTuple):
    """A schema's text, and the texts that it needs, each after those that it needs itself."""

    text: str
    references: tuple[str, ...]


class RegistryClient:
    """Asks one registry; requests are synchronous and bounded by ``timeout_s``.

    ``url`` is the address as it may be shown, without user and password.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str | None = None,
        password: str | None = None,
        timeout_s: float = 5.0,
    ) -> None:
        """The address may carry the user; SchemaRegistryError where it is no http(s) URL."""
        self.url, self._headers = _address(url, user, password)
        self._timeout_s = timeout_s

    def schema(self, number: int) -> Registered | None:
        """The schema of an id with all that it refers to; None where one of them is not there.

        Raises SchemaRegistryError where the registry cannot be asked, UnknownSchema where what it
        has is no Avro schema.
        """
        answer = self.ask(f"/schemas/ids/{number}")
        if answer is None:
            return None
        if answer.get("schemaType", "AVRO") != "AVRO":
            raise UnknownSchema(f"schema id {number} is no Avro schema")
        found: dict[str, str] = {}
        if not self._refer(answer, found, set(), f"schema id {number}"):
            return None
        return Registered(_text(answer, f"schema id {number}"), tuple(found.values()))

    def _refer(
        self, answer: dict[str, Any], found: dict[str, str], visited: set[str], what: str
    ) -> bool:
        """Fetch what a schema refers to; False where something is not there.

        One schema for each name, the first that is met, as the registry itself resolves them:
        so a circle ends, and a name that is referred to in several versions is one type.
        """
        references = answer.get("references") or []
        if not isinstance(references, list):
            raise UnknownSchema(f"the references of {what} are no list")
        for reference in references:
            try:
                name, subject = str(reference["name"]), str(reference["subject"])
                version = str(reference["version"])
            except (KeyError, TypeError):
                raise UnknownSchema(f"a reference of {what} names no subject") from None
            if name in visited:
                continue
            visited.add(name)
            if len(visited) > MOST_REFERENCES:
                raise UnknownSchema(f"{what} needs more than {MOST_REFERENCES} other schemas")
            path = f"/subjects/{quote(subject, safe='')}/versions/{quote(version, safe='')}"
            inner = self.ask(path)
            if inner is None or not self._refer(inner, found, visited, what):
                return False
            found[name] = _text(inner, f"version {version} of {subject}")
        return True

    def ask(
        self, path: str, body: dict[str, Any] | None = None, *, method: str | None = None
    ) -> dict[str, Any] | None:
        """Answer as a JSON object; None for 404. Raises SchemaRegistryError for all else."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 (http and https only, see `_address`)
            self.url + path, data, self._headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310
                content = answer.read(LONGEST_ANSWER + 1)
            if len(content) > LONGEST_ANSWER:
                raise ValueError(f"its answer has more than {LONGEST_ANSWER} bytes")
            found = json.loads(content)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 404:
                return None
            raise SchemaRegistryError(
                f"schema registry {self.url} answered {error.code} to {path}{_hint(error.code)}"
            ) from None
        except (OSError, ValueError, RecursionError) as error:
            reason = getattr(error, "reason", error)
            raise SchemaRegistryError(
                f"schema registry {self.url} does not answer {path}: {reason}"
            ) from None
        if not isinstance(found, dict):
            raise SchemaRegistryError(f"schema registry {self.url} gave no object for {path}")
        return found


def _text(answer: dict[str, Any], what: str) -> str:
    text = answer.get("schema")
    if not isinstance(text, str):
        raise UnknownSchema(f"{what} has no text")
    return text


def _hint(code: int) -> str:
    """What to look at for an answer that is about the asking, not about the question."""
    if code in (401, 403):
        return ": look at EMISSIONS_SCHEMA_REGISTRY_USER and EMISSIONS_SCHEMA_REGISTRY_PASSWORD"
    return ""


def _address(url: str, user: str | None, password: str | None) -> tuple[str, dict[str, str]]:
    """The URL as it may be shown, and the headers that carry user and password."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SchemaRegistryError("the schema registry's URL is not an http or https URL")
    host = parts.netloc.rpartition("@")[2]
    headers = {"Accept": f"{CONTENT_TYPE}, application/json", "Content-Type": CONTENT_TYPE}
    if user is None and parts.username is not None:
        user, password = unquote(parts.username), unquote(parts.password or "")
    if user is not None:
        told = f"{user}:{password or ''}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(told).decode()
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", "")), headers
