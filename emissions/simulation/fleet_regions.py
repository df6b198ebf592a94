"""List the regions of the simulated fleet (ISO 3166-2:KZ) with their IANA zones."""

from __future__ import annotations

from typing import NamedTuple


class FleetRegion(NamedTuple):
    """A region and the share of the fleet in it (a weight, no unit)."""

    code: str
    zone: str
    weight: int


REGIONS = (
    FleetRegion("KZ-10", "Asia/Almaty", 4),
    FleetRegion("KZ-11", "Asia/Almaty", 4),
    FleetRegion("KZ-15", "Asia/Aqtobe", 8),
    FleetRegion("KZ-19", "Asia/Almaty", 3),
    FleetRegion("KZ-23", "Asia/Atyrau", 8),
    FleetRegion("KZ-27", "Asia/Oral", 4),
    FleetRegion("KZ-31", "Asia/Almaty", 5),
    FleetRegion("KZ-33", "Asia/Almaty", 2),
    FleetRegion("KZ-35", "Asia/Almaty", 12),
    FleetRegion("KZ-39", "Asia/Qostanay", 6),
    FleetRegion("KZ-43", "Asia/Qyzylorda", 3),
    FleetRegion("KZ-47", "Asia/Aqtau", 6),
    FleetRegion("KZ-55", "Asia/Almaty", 9),
    FleetRegion("KZ-59", "Asia/Almaty", 2),
    FleetRegion("KZ-61", "Asia/Almaty", 2),
    FleetRegion("KZ-62", "Asia/Almaty", 4),
    FleetRegion("KZ-63", "Asia/Almaty", 6),
    FleetRegion("KZ-71", "Asia/Almaty", 1),
    FleetRegion("KZ-75", "Asia/Almaty", 1),
    FleetRegion("KZ-79", "Asia/Almaty", 1),
)

UTILITY_REGIONS = ("KZ-10", "KZ-11", "KZ-31", "KZ-39", "KZ-43", "KZ-59", "KZ-62", "KZ-63")
"""The eight regions whose utilities follow a road map of their akimat."""

BY_CODE = {region.code: region for region in REGIONS}
