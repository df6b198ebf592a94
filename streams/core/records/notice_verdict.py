"""How a notice of an operator was judged: the record of the topic of verdicts.

Field names, order and meaning are those of ``schemas/notice_verdict.avsc``.
"""

from __future__ import annotations

from typing import Final

import msgspec

IN_TIME: Final = "IN_TIME"
LATE: Final = "LATE"
PARTLY_LATE: Final = "PARTLY_LATE"
PENDING: Final = "PENDING"
CONTRADICTED: Final = "CONTRADICTED"
WITHDRAWN: Final = "WITHDRAWN"
REFUSED: Final = "REFUSED"


class NoticeVerdict(msgspec.Struct, frozen=True, gc=False):
    """A notice as judged against its term and the data, one revision of it; times in ms UTC."""

    notice_id: str
    revision: int
    verdict: str
    detail: str
    kind: str
    bin: str
    source_id: str
    parameter: str | None
    start: int | None
    end: int | None
    state: str | None
    flag: str | None
    reason_given: str
    withdraws: str | None
    completes: str | None
    withdrawn_by: str | None
    form: dict[str, str]
    term: str
    basis: str
    due: int | None
    arrived_at: int
    decided_at: int
