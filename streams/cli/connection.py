"""What the settings lead to: the codec with its schema ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.codec import Codec
    from streams.settings import Settings


def codec_of(settings: Settings) -> Codec:
    """The codec with the ids of the schema registry, or the fixed ones where none is set.

    Raises SchemaRegistryError where the registry does not answer.
    """
    from schemas.codec import Codec
    from schemas.ids import FileIds, HttpIds

    if settings.schema_registry_url is None:
        return Codec(FileIds())
    ids = HttpIds(settings.schema_registry_url)
    ids.start()
    return Codec(ids)
