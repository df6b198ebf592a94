"""Query a Confluent-compatible schema registry, one HTTP request per query."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPMessage
from typing import IO, Any, Final, NamedTuple
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from urllib.request import Request

from schemas.errors import SchemaRegistryError, UnknownSchema

CONTENT_TYPE: Final = "application/vnd.schemaregistry.v1+json"
MAX_REFERENCES: Final = 64
"""Schemas that one schema may depend on, over all levels; each is a request."""
MAX_ANSWER_BYTES: Final = 16 << 20
"""Maximum size of an answer in bytes."""


class Registered(NamedTuple):
    """The text of a schema and of those it depends on, in the order of dependency."""

    text: str
    references: tuple[str, ...]


class RegistryClient:
    """Query one registry; requests are synchronous and bounded by ``timeout_s``.

    ``url`` is the address as it may be shown, without user and password.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str | None = None,
        password: str | None = None,
        authorization: Callable[[], str | None] | None = None,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = 5.0,
    ) -> None:
        """Accept a user in the address. Raises SchemaRegistryError if it is no http(s) URL.

        ``authorization`` gives the header of that name, anew for each request, instead of user and
        password; ``tls`` is what the server's certificate is checked with.
        """
        self.url, self._headers = _address(url, user, password)
        self._authorization = authorization
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(
            _SameServer(), *([] if tls is None else [urllib.request.HTTPSHandler(context=tls)])
        )

    def schema(self, number: int) -> Registered | None:
        """Return the schema of an id with its references; None if one of them does not exist.

        Raises SchemaRegistryError if the registry cannot be queried, UnknownSchema if the schema is
        no Avro schema.
        """
        answer = self.ask(f"/schemas/ids/{number}")
        if answer is None:
            return None
        if answer.get("schemaType", "AVRO") != "AVRO":
            raise UnknownSchema(f"schema id {number} is no Avro schema")
        found: dict[str, str] = {}
        if not self._collect_references(answer, found, set(), f"schema id {number}"):
            return None
        return Registered(_text(answer, f"schema id {number}"), tuple(found.values()))

    def _collect_references(
        self, answer: dict[str, Any], found: dict[str, str], visited: set[str], what: str
    ) -> bool:
        """Fetch the references of a schema; return False if one does not exist.

        Each name is fetched once, as the registry itself resolves it, so cycles end, and a name
        that is referenced in several versions is one type.
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
            if len(visited) > MAX_REFERENCES:
                raise UnknownSchema(f"{what} needs more than {MAX_REFERENCES} other schemas")
            path = f"/subjects/{quote(subject, safe='')}/versions/{quote(version, safe='')}"
            inner = self.ask(path)
            if inner is None or not self._collect_references(inner, found, visited, what):
                return False
            found[name] = _text(inner, f"version {version} of {subject}")
        return True

    def ask(
        self, path: str, body: dict[str, Any] | None = None, *, method: str | None = None
    ) -> dict[str, Any] | None:
        """Return the answer, a JSON object, or None for 404. Raises SchemaRegistryError."""
        data = None if body is None else json.dumps(body).encode()
        try:
            request = urllib.request.Request(  # noqa: S310 (http and https only, see `_address`)
                self.url + path, data, self._request_headers(), method=method
            )
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                content = answer.read(MAX_ANSWER_BYTES + 1)
            if len(content) > MAX_ANSWER_BYTES:
                raise ValueError(f"its answer has more than {MAX_ANSWER_BYTES} bytes")
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

    def _request_headers(self) -> dict[str, str]:
        told = None if self._authorization is None else self._authorization()
        return self._headers if told is None else {**self._headers, "Authorization": told}


class _SameServer(urllib.request.HTTPRedirectHandler):
    """Follows no redirection to another server: credentials would go there too."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        here, there = urlsplit(req.full_url), urlsplit(newurl)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def basic(user: str, password: str) -> str:
    """Return the Authorization header of a user and a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _text(answer: dict[str, Any], what: str) -> str:
    text = answer.get("schema")
    if not isinstance(text, str):
        raise UnknownSchema(f"{what} has no text")
    return text


def _hint(code: int) -> str:
    """Name the settings to check for a status code that concerns the credentials."""
    if code in (401, 403):
        return (
            ": look at EMISSIONS_SCHEMA_REGISTRY_USER and EMISSIONS_SCHEMA_REGISTRY_PASSWORD, or "
            "EMISSIONS_SCHEMA_REGISTRY_TOKEN"
        )
    return ""


def _address(url: str, user: str | None, password: str | None) -> tuple[str, dict[str, str]]:
    """Return the URL as it may be shown, and the headers with user and password."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SchemaRegistryError("the schema registry's URL is not an http or https URL")
    host = parts.netloc.rpartition("@")[2]
    headers = {"Accept": f"{CONTENT_TYPE}, application/json", "Content-Type": CONTENT_TYPE}
    if user is None and parts.username is not None:
        user, password = unquote(parts.username), unquote(parts.password or "")
    if user is not None:
        headers["Authorization"] = basic(user, password or "")
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", "")), headers
