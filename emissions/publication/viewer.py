"""Who looks: the public, an operator, an inspector of regions, or the authority."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple


class Role(StrEnum):
    """In what capacity somebody looks; who has not signed in is PUBLIC."""

    PUBLIC = "PUBLIC"
    OPERATOR = "OPERATOR"
    INSPECTOR = "INSPECTOR"
    AUTHORITY = "AUTHORITY"


class Viewer(NamedTuple):
    """Who looks; ``bins`` are an operator's own, ``regions`` (ISO 3166-2) an inspector's own.

    ``nation``: an inspector of every region. Make one by `operator` or `inspector`.
    """

    role: Role
    bins: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    nation: bool = False

    def owns(self, bin_: str) -> bool:
        """Tell whether a record is about an enterprise of this operator."""
        return self.role is Role.OPERATOR and bin_ in self.bins

    def supervises(self, region: str) -> bool:
        """Tell whether an official looks at a region that is theirs; one not known is nobody's."""
        if self.role is Role.AUTHORITY:
            return True
        return self.role is Role.INSPECTOR and (self.nation or region in self.regions)


PUBLIC: Final = Viewer(Role.PUBLIC)
AUTHORITY: Final = Viewer(Role.AUTHORITY)


def operator(bins: Iterable[str]) -> Viewer:
    """Return an operator to whom enterprises belong, by their БИНs."""
    return Viewer(Role.OPERATOR, bins=frozenset(bins) - {""})


def inspector(regions: Iterable[str] = (), *, nation: bool = False) -> Viewer:
    """Return an inspector of regions, or of the whole nation."""
    return Viewer(Role.INSPECTOR, regions=frozenset(regions) - {""}, nation=nation)
