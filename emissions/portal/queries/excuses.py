"""Statistics of what operators told after the fact."""

from __future__ import annotations

import msgspec

from emissions.portal.database import Questions


class Excuses(msgspec.Struct, frozen=True):
    """Notices of a kind (PLANNED_OUTAGE, UNPLANNED_OUTAGE, MARK) of an operator; delays in s.

    ``after_the_fact`` arrived after their interval had begun, ``late`` after their legal term,
    ``contradicted`` are marks that the data deny.
    """

    bin: str
    name_ru: str
    name_kk: str
    name_en: str
    region: str
    kind: str
    notices: int
    in_time: int
    late: int
    contradicted: int
    after_the_fact: int
    share_after_the_fact: float
    median_delay_s: float | None
    max_delay_s: int | None


async def excuses(database: Questions, bin_: str = "") -> list[Excuses]:
    """Return the statistics of all operators or of one, most after the fact first.

    Raises DatabaseGoneError.
    """
    return await database.rows(
        Excuses,
        """
        SELECT
            bin, name_ru, name_kk, name_en, region, kind, notices, in_time, late, contradicted,
            after_the_fact, share_after_the_fact, median_delay_s, max_delay_s
        FROM public_excuses
        WHERE {bin:String} = '' OR bin = {bin:String}
        ORDER BY after_the_fact DESC, share_after_the_fact DESC, bin, kind
        """,
        {"bin": bin_},
    )
