"""Regions of the made-up fleet (ISO 3166-2:KZ), with the IANA zone that is kept there."""

from __future__ import annotations

from typing import NamedTuple


class Region(NamedTuple):
    """A region and the share of the fleet that stands in it (weight, no unit)."""

    code: str
    zone: str
    weight: int


REGIONS = (
    Region("KZ-10", "Asia/Almaty", 4),
    Region("KZ-11", "Asia/Almaty", 4),
    Region("KZ-15", "Asia/Aqtobe", 8),
    Region("KZ-19", "Asia/Almaty", 3),
    Region("KZ-23", "Asia/Atyrau", 8),
    Region("KZ-27", "Asia/Oral", 4),
    Region("KZ-31", "Asia/Almaty", 5),
    Region("KZ-33", "Asia/Almaty", 2),
    Region("KZ-35", "Asia/Almaty", 12),
    Region("KZ-39", "Asia/Qostanay", 6),
    Region("KZ-43", "Asia/Qyzylorda", 3),
    Region("KZ-47", "Asia/Aqtau", 6),
    Region("KZ-55", "Asia/Almaty", 9),
    Region("KZ-59", "Asia/Almaty", 2),
    Region("KZ-61", "Asia/Almaty", 2),
    Region("KZ-62", "Asia/Almaty", 4),
    Region("KZ-63", "Asia/Almaty", 6),
    Region("KZ-71", "Asia/Almaty", 1),
    Region("KZ-75", "Asia/Almaty", 1),
    Region("KZ-79", "Asia/Almaty", 1),
)

UTILITY_REGIONS = ("KZ-10", "KZ-11", "KZ-31", "KZ-39", "KZ-43", "KZ-59", "KZ-62", "KZ-63")
"""The eight regions whose utilities follow a road map of their akimat."""

BY_CODE = {region.code: region for region in REGIONS}
