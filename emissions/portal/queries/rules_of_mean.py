"""Rules of the law by which means of a window were judged."""

from __future__ import annotations

from datetime import date

import msgspec

from emissions.portal.database import Questions


class RuleOfMean(msgspec.Struct, frozen=True):
    """A rule that compares a mean with ``factor`` times its limit; ``compare``: above, at_least."""

    code: str
    title_ru: str
    title_kk: str
    title_en: str
    citation: str
    factor: float
    compare: str


async def rules_of_mean(
    database: Questions, rule_set: str, window: str, unit: str, day: date
) -> list[RuleOfMean]:
    """Return the rules of a set that judge one mean of a window and unit, in force on a day.

    Raises DatabaseGoneError.
    """
    return await database.rows(
        RuleOfMean,
        """
        SELECT
            code, title_ru, title_kk, title_en, citation,
            toFloat64OrZero(trim(BOTH '"' FROM JSONExtractRaw(condition, 'factor'))) AS factor,
            JSONExtractString(condition, 'compare') AS compare
        FROM rule_versions FINAL
        WHERE rule_set = {rule_set:String}
            AND JSONExtractString(condition, 'kind') = 'window_mean_over'
            AND JSONExtractString(condition, 'window') = {window:String}
            AND JSONExtractString(condition, 'unit') = {unit:String}
            AND valid_from <= {day:Date32} AND (valid_to IS NULL OR valid_to > {day:Date32})
        ORDER BY code
        """,
        {"rule_set": rule_set, "window": window, "unit": unit, "day": day},
    )
