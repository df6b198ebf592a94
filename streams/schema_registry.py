"""The schema registry of the settings: its client, and whether it answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

from schemas.errors import SchemaRegistryError

_SAFE: Final = ("BACKWARD_TRANSITIVE", "FULL_TRANSITIVE")
_ANSWER_S: Final = 4.0  # less than the health server waits for an answer

if TYPE_CHECKING:
    from schemas.ids import HttpIds
    from streams.settings import Settings


def registry_ids(
    settings: Settings, url: str, *, wait_s: float = 0.0, timeout_s: float = 5.0
) -> HttpIds:
    """The ids of the registry at a URL, asked as the settings say; nothing is asked yet.

    Raises SchemaRegistryError where the URL is none.
    """
    from schemas.ids import HttpIds

    return HttpIds(
        url,
        user=settings.schema_registry_user,
        password=settings.schema_registry_password,
        timeout_s=timeout_s,
        wait_s=wait_s,
    )


def schema_questions(settings: Settings) -> dict[str, RegistryQuestion]:
    """The question whether the schema registry answers, where one is set."""
    url = settings.schema_registry_url
    return {} if url is None else {"schema registry": RegistryQuestion(settings, url)}


class SchemasSeen(NamedTuple):
    """What was found of the schema ids: in order or not, in a sentence, and what to do.

    ``risk``: it works, and may stop to.
    """

    well: bool
    seen: str
    remedy: str = ""
    risk: bool = False


def look_at_schemas(settings: Settings) -> SchemasSeen:
    """Whether every schema is registered and evolves compatibly; registers and sets nothing."""
    url = settings.schema_registry_url
    if url is None:
        return SchemasSeen(True, "fixed ids of the package")
    ids = registry_ids(settings, url, timeout_s=_ANSWER_S)
    try:
        subjects = ids.registered()
        absent = [subject for subject, there in subjects.items() if not there]
        if absent:
            seen = f"schema registry {url} has not the schema of {', '.join(absent)}"
            return SchemasSeen(False, seen, "emissions topics create")
    except SchemaRegistryError as error:
        remedy = "start the schema registry, or unset EMISSIONS_SCHEMA_REGISTRY_URL"
        return SchemasSeen(False, str(error), remedy)
    try:
        levels = ids.compatibility()
    except SchemaRegistryError as error:
        return SchemasSeen(
            False,
            f"the compatibility of subjects cannot be looked at: {error}",
            "let the user read /config of the schema registry",
            risk=True,
        )
    loose = [subject for subject in subjects if levels.get(subject) not in _SAFE]
    if loose:
        seen = f"compatibility is not BACKWARD_TRANSITIVE for {', '.join(loose)}"
        return SchemasSeen(False, seen, "emissions topics create", risk=True)
    return SchemasSeen(True, f"schema registry {url} has every schema, BACKWARD_TRANSITIVE")


def prepare_subjects(settings: Settings) -> None:
    """Register every schema and demand compatible ones; nothing where no registry is set.

    Raises SchemaRegistryError.
    """
    if settings.schema_registry_url is not None:
        ids = registry_ids(settings, settings.schema_registry_url)
        ids.start()
        ids.set_compatibility()


class RegistryQuestion:
    """Asks the schema registry for what it has, for whoever wants to know if it is there."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._ids = registry_ids(settings, url, timeout_s=_ANSWER_S)

    async def __call__(self) -> str | None:
        """None when it answers, else the sentence that says why not."""
        try:
            await asyncio.to_thread(self._ids.answers)
        except SchemaRegistryError as error:
            return str(error)
        return None

    async def close(self) -> None:
        """Nothing is kept open."""
