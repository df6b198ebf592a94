"""Reads the names of parameters, ``parameters.yaml``."""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec
import yaml


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    unit: str
    names: tuple[str, str, str]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pollutants: dict[str, _Written]
    auxiliaries: dict[str, _Written]


class ParameterName(msgspec.Struct, frozen=True):
    """What a channel measures, in three languages; ``unit`` is the usual one."""

    parameter: str
    unit: str
    auxiliary: bool
    ru: str
    kk: str
    en: str


@cache
def parameter_names() -> tuple[ParameterName, ...]:
    """Return the parameters that have names, pollutants first."""
    text = resources.files("streams").joinpath("rules", "parameters.yaml").read_text("utf-8")
    written = msgspec.convert(yaml.safe_load(text), _File)
    groups = ((written.pollutants, False), (written.auxiliaries, True))
    return tuple(
        ParameterName(name, each.unit, auxiliary, *each.names)
        for group, auxiliary in groups
        for name, each in group.items()
    )
