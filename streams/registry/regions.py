"""Regions of Kazakhstan by ISO 3166-2:KZ, as in force since the regions of 2022 were added."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple


class Region(NamedTuple):
    """A region or a city of republican significance in three languages."""

    ru: str
    kk: str
    en: str


REGIONS = MappingProxyType(
    {
        "KZ-10": Region("Область Абай", "Абай облысы", "Abai Region"),
        "KZ-11": Region("Акмолинская область", "Ақмола облысы", "Akmola Region"),
        "KZ-15": Region("Актюбинская область", "Ақтөбе облысы", "Aktobe Region"),
        "KZ-19": Region("Алматинская область", "Алматы облысы", "Almaty Region"),
        "KZ-23": Region("Атырауская область", "Атырау облысы", "Atyrau Region"),
        "KZ-27": Region(
            "Западно-Казахстанская область", "Батыс Қазақстан облысы", "West Kazakhstan Region"
        ),
        "KZ-31": Region("Жамбылская область", "Жамбыл облысы", "Zhambyl Region"),
        "KZ-33": Region("Область Жетісу", "Жетісу облысы", "Zhetisu Region"),
        "KZ-35": Region("Карагандинская область", "Қарағанды облысы", "Karaganda Region"),
        "KZ-39": Region("Костанайская область", "Қостанай облысы", "Kostanay Region"),
        "KZ-43": Region("Кызылординская область", "Қызылорда облысы", "Kyzylorda Region"),
        "KZ-47": Region("Мангистауская область", "Маңғыстау облысы", "Mangystau Region"),
        "KZ-55": Region("Павлодарская область", "Павлодар облысы", "Pavlodar Region"),
        "KZ-59": Region(
            "Северо-Казахстанская область", "Солтүстік Қазақстан облысы", "North Kazakhstan Region"
        ),
        "KZ-61": Region("Туркестанская область", "Түркістан облысы", "Turkistan Region"),
        "KZ-62": Region("Область Ұлытау", "Ұлытау облысы", "Ulytau Region"),
        "KZ-63": Region(
            "Восточно-Казахстанская область", "Шығыс Қазақстан облысы", "East Kazakhstan Region"
        ),
        "KZ-71": Region("Город Астана", "Астана қаласы", "Astana City"),
        "KZ-75": Region("Город Алматы", "Алматы қаласы", "Almaty City"),
        "KZ-79": Region("Город Шымкент", "Шымкент қаласы", "Shymkent City"),
    }
)
"""Code to names."""
