"""Units as people of each language write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from emissions.portal.language import Language

_WRITTEN: Final[Mapping[str, tuple[str, str, str]]] = {
    # kk, ru, en
    "mg/m3": ("мг/м³", "мг/м³", "mg/m³"),
    "g/s": ("г/с", "г/с", "g/s"),
    "t/a": ("т/жыл", "т/год", "t/a"),
    "degC": ("°C", "°C", "°C"),
    "kPa": ("кПа", "кПа", "kPa"),
    "hPa": ("гПа", "гПа", "hPa"),
    "Pa": ("Па", "Па", "Pa"),
    "mbar": ("мбар", "мбар", "mbar"),
    "m/s": ("м/с", "м/с", "m/s"),
    "m3/s": ("м³/с", "м³/с", "m³/s"),
    "m3/h": ("м³/сағ", "м³/ч", "m³/h"),
    "Nm3/s": ("қ.м³/с", "нм³/с", "Nm³/s"),
    "Nm3/h": ("қ.м³/сағ", "нм³/ч", "Nm³/h"),
    "1": ("", "", ""),
}
_ORDER: Final = ("kk", "ru", "en")


def unit_text(unit: str, language: Language) -> str:
    """Write a unit in a language; one that is not known as it stands in the data."""
    written = _WRITTEN.get(unit)
    return unit if written is None else written[_ORDER.index(language)]
