"""Cases for the bridge, as the codec writes them."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.records import record_of
from streams.core.cases.erap_form import FormScene
from streams.core.records.case import AdministrativeCase
from streams.rules.country import home
from tests.schemas.examples import CASE

CODEC = Codec(FileIds())
SCENE = FormScene(home(), {"KZ-3H": "Превышение дольше трёх часов"})


def case(identity: str, revision: int = 1, **changed: Any) -> AdministrativeCase:
    """A case that opened by itself, its detection on 28 February 2026."""
    given = {"state": "OPEN", "reasons": (), "track": "PRESCRIPTION", "part": "1", **changed}
    return msgspec.structs.replace(CASE, id=identity, revision=revision, **given)


def framed(found: AdministrativeCase) -> bytes:
    """The value of its record on the topic."""
    return CODEC.encode("AdministrativeCase", record_of(found))
