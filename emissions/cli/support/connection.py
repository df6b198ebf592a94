"""The codec that the settings ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.codec import Codec
    from streams.settings import Settings


def codec_of(settings: Settings) -> Codec:
    """Return the codec with ids of the schema registry, or with the fixed ids without one.

    The registry is queried when an id is first needed; only an encoder registers schemas.
    """
    from schemas.codec import Codec
    from schemas.ids import FileIds
    from streams.kafka.schema_registry import registry_ids

    if settings.schema_registry_url is None:
        return Codec(FileIds())
    return Codec(registry_ids(settings, settings.schema_registry_url))
