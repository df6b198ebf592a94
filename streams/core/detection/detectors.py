"""All detectors by their code. A new one is one file beside this, a line here, and its limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from streams.core.detection import (
    clipping,
    constant_changed,
    flatline,
    jump,
    marked_at_load,
    oxygen_bias,
    repeated_day,
)
from streams.core.detection.detector import AnyDetector, Wording


class DetectorKind(NamedTuple):
    """How a detector is made: of its wording and of its limits, a struct of this type."""

    limits: type[msgspec.Struct]
    make: Callable[[Wording, Any], AnyDetector]


KINDS: Final = {
    "CLIPPING": DetectorKind(clipping.Limits, clipping.Clipping),
    "CONSTANT-CHANGED": DetectorKind(constant_changed.Limits, constant_changed.ConstantChanged),
    "FLATLINE": DetectorKind(flatline.Limits, flatline.Flatline),
    "JUMP": DetectorKind(jump.Limits, jump.Jump),
    "MARKED-AT-LOAD": DetectorKind(marked_at_load.Limits, marked_at_load.MarkedAtLoad),
    "OXYGEN-BIAS": DetectorKind(oxygen_bias.Limits, oxygen_bias.OxygenBias),
    "REPEATED-DAY": DetectorKind(repeated_day.Limits, repeated_day.RepeatedDay),
}


def detector_of(wording: Wording, limits: Any) -> AnyDetector:
    """Make a detector of what a file says. Raises ValueError for an unknown code or limits."""
    kind = KINDS.get(wording.code)
    if kind is None:
        raise ValueError(f"there is no detector {wording.code}; there are {', '.join(KINDS)}")
    return kind.make(wording, msgspec.convert(limits, kind.limits))
