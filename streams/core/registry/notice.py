"""What an operator tells the authority: an outage, an exceedance, a mark (Order 208, n. 24 to 27).

Instants are milliseconds UTC. Nothing here says when it arrived: that is the record's timestamp.
"""

from __future__ import annotations

from typing import Final

import msgspec

PLANNED_OUTAGE: Final = "PLANNED_OUTAGE"
UNPLANNED_OUTAGE: Final = "UNPLANNED_OUTAGE"
EXCEEDANCE: Final = "EXCEEDANCE"
MARK: Final = "MARK"
KINDS: Final = (PLANNED_OUTAGE, UNPLANNED_OUTAGE, EXCEEDANCE, MARK)
OUTAGES: Final = (PLANNED_OUTAGE, UNPLANNED_OUTAGE)


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One notice of an operator about one source over ``[start, end)``.

    Without ``start`` and ``end`` it only takes back the notice that it names in ``withdraws``.
    ``completes`` names the notice of an unplanned outage whose form 1 this is. A mark says the
    operating ``state`` of the source, or the ``flag`` of one channel (``parameter``) or of all.
    ``complex`` to ``note`` are the items of form 1, ``single_mean`` to ``measures`` of form 2.
    """

    id: str
    kind: str
    bin: str
    source_id: str
    start: int | None = None
    end: int | None = None
    parameter: str | None = None
    state: str | None = None
    flag: str | None = None
    withdraws: str | None = None
    completes: str | None = None
    reason: str = ""
    complex: str = ""
    repair_kind: str = ""
    works: str = ""
    executor: str = ""
    note: str = ""
    single_mean: float | None = None
    daily_mean: float | None = None
    norm: float | None = None
    unit: str = ""
    eliminated_at: int | None = None
    causes: str = ""
    measures: str = ""

    @property
    def interval(self) -> tuple[int, int] | None:
        """``[start, end)``, None where it only takes another notice back."""
        return None if self.start is None or self.end is None else (self.start, self.end)

    @property
    def form(self) -> dict[str, str]:
        """The items of its form that it gives, as text."""
        found = {name: getattr(self, name) for name in _FORM}
        return {name: str(value) for name, value in found.items() if value not in (None, "")}


_FORM: Final = (
    "complex", "repair_kind", "works", "executor", "note", "single_mean", "daily_mean", "norm",
    "unit", "eliminated_at", "causes", "measures",
)  # fmt: skip


class ReceivedNotice(msgspec.Struct, frozen=True):
    """A notice and its arrival, ms UTC: the timestamp of its record."""

    notice: Notice
    arrived_at: int
