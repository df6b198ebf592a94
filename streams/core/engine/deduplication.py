"""Whether two readings of one interval say the same: digests of their content."""

from __future__ import annotations

from hashlib import blake2b

import msgspec
import numpy as np

from schemas.columns import Block
from schemas.reading import Reading
from streams.core.windows.slot import DIGEST_BYTES

_encoder = msgspec.msgpack.Encoder()


def content_digests(block: Block) -> list[bytes]:
    """Digest the contents of n readings, `DIGEST_BYTES` each: equal for duplicates.

    Neither the arrival nor the source is part of it; all NaN are one value.
    """
    pattern = block.pattern
    order = sorted(range(len(pattern.names)), key=pattern.names.__getitem__)
    same = (
        pattern.period_s,
        pattern.state,
        [pattern.names[at] for at in order],
        sorted(item for item in pattern.flags.items() if item[1] != "N"),
    )
    said = _encoder.encode(same)
    heads: dict[str | None, blake2b] = {}
    for serial in block.device_serials:
        if serial not in heads:
            heads[serial] = blake2b(_encoder.encode(serial) + said, digest_size=DIGEST_BYTES)
    with np.errstate(invalid="ignore"):  # a signalling NaN is content like any other
        values = block.values[:, order] + 0.0
    values[np.isnan(values)] = np.nan
    content = np.column_stack((block.measured_at.astype("<i8").view("<f8"), values))
    width = content.shape[1] * 8
    rows = memoryview(np.ascontiguousarray(content, dtype="<f8").tobytes())
    found = []
    for at, serial in zip(range(0, len(rows), width), block.device_serials, strict=True):
        hashed = heads[serial].copy()
        hashed.update(rows[at : at + width])
        found.append(hashed.digest())
    return found


def content_digest(reading: Reading) -> bytes:
    """Digest the content of one reading, as `content_digests` does."""
    return content_digests(Block.of(reading))[0]
