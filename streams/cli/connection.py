"""What the settings lead to: the codec with its schema ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.codec import Codec
    from streams.settings import Settings


def codec_of(settings: Settings) -> Codec:
    """The codec with the ids of the schema registry, or the fixed ones where none is set.

    The registry is asked when an id is needed, and given a schema only by whoever encodes.
    """
    from schemas.codec import Codec
    from schemas.ids import FileIds
    from streams.schema_registry import registry_ids

    if settings.schema_registry_url is None:
        return Codec(FileIds())
    return Codec(registry_ids(settings, settings.schema_registry_url))
