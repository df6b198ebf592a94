"""What the authority has switched: whose names are shown, and whether anything is."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Names(StrEnum):
    """When the enterprise of a violation or case is named."""

    AFTER_APPEAL = "AFTER_APPEAL"
    """Once the term of appeal is over and no appeal is pending."""
    FINAL_DECISIONS_ONLY = "FINAL_DECISIONS_ONLY"
    """Once a decision is in force: also a prescription that is deemed decided (КоАП 817, 821)."""
    NOBODY = "NOBODY"


class PublicationPolicy(NamedTuple):
    """The switch of the authority; the default is what holds until one is set.

    ``held``: the public sees no violation, no case and no count of them, for the time of an
    incident. Means, gaps and availability stay open: the law opens them (Decree 861, point 37).
    """

    names: Names = Names.AFTER_APPEAL
    held: bool = False
