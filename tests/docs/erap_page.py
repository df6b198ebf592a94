"""Writes the page of ЕРАП form 1-АВ from the table that the form is made by."""

from __future__ import annotations

from streams.core.cases.erap_form import FIELDS, LISTED
from tests.docs.markdown import code, page, table

_ORIGINS = {
    "case": "the case",
    "code": "a code of the form",
    "body": "null: to be filled by the body",
}


def erap_page() -> str:
    """Show each field of the form with where its value comes from."""
    return page(
        "ЕРАП form 1-АВ",
        "`emissions bridge` sends a case with form 1-АВ of the unified register of administrative "
        "offences (Order № 85), as `data.erap_1av`. The register has no interface for these cases "
        "yet: this is the record that waits for it. What neither the case nor the law gives is "
        "null, and named in `to_fill`.",
        "There is one form an offence, and a registered form can be neither corrected nor deleted. "
        "So only a case that is `OPEN`, of the КоАП, with the track `PRESCRIPTION` or `COURT`, has "
        "one; else `erap_1av` is null, and `erap_1av_missing` says why: `STATE_…` or "
        "`NO_OFFENCE_OF_THE_CODE`. A later revision of a case brings its form again, as it is "
        "then: whoever has registered one registers no second.",
        table(
            ("field", "is", "from", "value"),
            [
                (code(field.name), field.meaning, _ORIGINS[field.origin], field.source)
                for field in FIELDS
            ],
        ),
        "Times are those of the country's zone, with the offset; values and norms as in the case. "
        f"The circumstances are Russian, and spell out the first {LISTED} violations.",
    )
