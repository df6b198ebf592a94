"""The schema registry of the settings: ids, checks and preparation of subjects."""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from schemas.errors import SchemaRegistryError
from streams.access_files import AccessFileError, client_context

_SAFE: Final = ("BACKWARD_TRANSITIVE", "FULL_TRANSITIVE")
_ANSWER_S: Final = 4.0  # less than the health server waits for an answer

if TYPE_CHECKING:
    from schemas.ids import HttpIds, SchemaIds
    from streams.settings import Settings


def schema_ids(settings: Settings) -> SchemaIds:
    """Return the registry's ids, or the fixed ones where no registry is set; ask nothing yet.

    Decoding waits ``schema_wait_s`` for ids that the registry does not know. Raises
    SchemaRegistryError where the URL is none.
    """
    from schemas.ids import FileIds

    if settings.schema_registry_url is None:
        return FileIds()
    return registry_ids(settings, settings.schema_registry_url, wait_s=settings.schema_wait_s)


def registry_ids(
    settings: Settings, url: str, *, wait_s: float = 0.0, timeout_s: float = 5.0
) -> HttpIds:
    """Return the ids of the registry at a URL; ask nothing yet.

    Raises SchemaRegistryError where the URL is none, AccessFileError where a certificate cannot be
    read. The secret is read at each request.
    """
    from schemas.ids import HttpIds

    return HttpIds(
        url,
        authorization=partial(_authorization, settings),
        tls=_tls(settings, url),
        timeout_s=timeout_s,
        wait_s=wait_s,
    )


def _authorization(settings: Settings) -> str | None:
    """Return the header that proves who asks; None where nobody has to."""
    from schemas.registry_client import basic

    if settings.schema_registry_user is not None:
        return basic(
            settings.schema_registry_user, settings.secret("schema_registry_password") or ""
        )
    token = settings.secret("schema_registry_token")
    return f"Bearer {token}" if token else None


def _tls(settings: Settings, url: str) -> ssl.SSLContext | None:
    if not url.lower().startswith("https:"):
        return None
    return client_context(
        ca=settings.schema_registry_ca_file,
        certificate=settings.schema_registry_certificate_file,
        key=settings.schema_registry_key_file,
        setting="EMISSIONS_SCHEMA_REGISTRY",
    )


def schema_registry_checks(settings: Settings) -> dict[str, SchemaRegistryCheck]:
    """Return the health check of the schema registry by name, where one is set."""
    url = settings.schema_registry_url
    return {} if url is None else {"schema registry": SchemaRegistryCheck(settings, url)}


class SubjectsReport(NamedTuple):
    """Report on the registered schemas: a sentence, and what to do.

    ``risk``: they work now, and may stop to.
    """

    ok: bool
    sentence: str
    remedy: str = ""
    risk: bool = False


def check_subjects(settings: Settings) -> SubjectsReport:
    """Check that every schema is registered and evolves compatibly; change nothing."""
    url = settings.schema_registry_url
    if url is None:
        return SubjectsReport(True, "fixed ids of the package")
    try:
        ids = registry_ids(settings, url, timeout_s=_ANSWER_S)
        subjects = ids.registered()
        absent = [subject for subject, there in subjects.items() if not there]
        if absent:
            seen = f"schema registry {url} has not the schema of {', '.join(absent)}"
            return SubjectsReport(False, seen, "emissions topics create")
    except AccessFileError as error:
        return SubjectsReport(False, str(error), "correct the file or the setting")
    except SchemaRegistryError as error:
        remedy = "start the schema registry, or unset EMISSIONS_SCHEMA_REGISTRY_URL"
        return SubjectsReport(False, str(error), remedy)
    try:
        levels = ids.compatibility()
    except SchemaRegistryError as error:
        return SubjectsReport(
            False,
            f"the compatibility of subjects cannot be looked at: {error}",
            "let the user read /config of the schema registry",
            risk=True,
        )
    loose = [subject for subject in subjects if levels.get(subject) not in _SAFE]
    if loose:
        seen = f"compatibility is not BACKWARD_TRANSITIVE for {', '.join(loose)}"
        return SubjectsReport(False, seen, "emissions topics create", risk=True)
    return SubjectsReport(True, f"schema registry {url} has every schema, BACKWARD_TRANSITIVE")


def prepare_subjects(settings: Settings) -> None:
    """Register every schema and require compatible ones; do nothing without a registry.

    Raises SchemaRegistryError.
    """
    if settings.schema_registry_url is not None:
        ids = registry_ids(settings, settings.schema_registry_url)
        ids.start()
        ids.set_compatibility()


class SchemaRegistryCheck:
    """Check that the schema registry answers (`streams.health.broker_probe.DependencyCheck`)."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._ids = registry_ids(settings, url, timeout_s=_ANSWER_S)

    async def __call__(self) -> str | None:
        """Return None when it answers, else the sentence that says why not."""
        try:
            await asyncio.to_thread(self._ids.answers)
        except SchemaRegistryError as error:
            return str(error)
        return None

    async def close(self) -> None:
        """Do nothing: no connection is kept."""
