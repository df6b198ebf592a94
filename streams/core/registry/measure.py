"""What officials decided on a source or a case: a fine, a delivery, a review, a decision.

Dates are local calendar days, instants milliseconds UTC. Nothing here says when it arrived: that is
the record's timestamp. A later record under an id takes the place of the one before.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

FINE: Final = "FINE"
SENT: Final = "SENT"
DELIVERED: Final = "DELIVERED"
PAID: Final = "PAID"
APPEALED: Final = "APPEALED"
REVIEWED: Final = "REVIEWED"
DECIDED: Final = "DECIDED"
MEASURES: Final = (FINE, SENT, DELIVERED, PAID, APPEALED, REVIEWED, DECIDED)


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One act of an official, ``imposed_on`` a day; ``case_id`` None: it is on no case of ours.

    ``article`` is that of the КоАП, such as ``328``. ``overturned_on`` is the day from which it is
    in force no more. ``closes``: a DECIDED or REVIEWED that ends the case.
    """

    id: str
    kind: str
    bin: str
    case_id: str | None = None
    source_id: str | None = None
    act: str = "KoAP"
    article: str | None = None
    part: str | None = None
    imposed_on: date | None = None
    executed_on: date | None = None
    overturned_on: date | None = None
    delivered_at: int | None = None
    amount_kzt: int | None = None
    reference: str = ""
    closes: bool = False

    def in_force(self, day: date) -> bool:
        """Tell whether it was not overturned by a day."""
        return self.overturned_on is None or self.overturned_on > day
