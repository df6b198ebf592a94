"""Reads the files of ``suspicion/``: how findings are called, and from when on they are one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

import msgspec
import yaml

from streams.core.detection.detector import AnyDetector, Wording
from streams.core.detection.detectors import detector_of
from streams.rules.errors import RuleError, reason_of

_LANGUAGES: Final = {"ru", "kk", "en"}


def load_detectors() -> Mapping[str, AnyDetector]:
    """Load the packaged detectors, by code. Raises RuleError for a file that is none."""
    folder = resources.files("streams").joinpath("rules", "suspicion")
    found = {}
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.name.endswith(".yaml"):
            try:
                detector = parse_detector(item.read_text(encoding="utf-8"))
            except (yaml.YAMLError, msgspec.ValidationError, ValueError) as error:
                raise RuleError(f"{item.name}: {reason_of(error)}") from None
            found[detector.wording.code] = detector
    return found


def parse_detector(text: str) -> AnyDetector:
    """Parse the file of a detector; raises ValueError or ``msgspec.ValidationError``."""
    written = msgspec.convert(yaml.safe_load(text), dict[str, Any])
    limits = written.pop("limits", {})
    wording = msgspec.convert(written, Wording)
    if lacking := _LANGUAGES - set(wording.titles):
        raise ValueError(f"titles lack {', '.join(sorted(lacking))}")
    return detector_of(wording, limits)
