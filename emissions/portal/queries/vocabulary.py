"""Names of parameters and meanings of quality codes in three languages."""

from __future__ import annotations

import msgspec

from emissions.portal.database import Questions


class ParameterName(msgspec.Struct, frozen=True):
    """A parameter's name; ``auxiliary``: it describes the gas and is no pollutant."""

    parameter: str
    name_ru: str
    name_kk: str
    name_en: str
    auxiliary: bool


class CodeMeaning(msgspec.Struct, frozen=True):
    """What a quality code means; ``scope``: message, channel (it does not count) or mark."""

    code: str
    scope: str
    excuses: bool
    meaning_ru: str
    meaning_kk: str
    meaning_en: str


async def parameter_names(database: Questions) -> dict[str, ParameterName]:
    """Return the known parameters by their names in messages. Raises DatabaseGoneError."""
    rows = await database.rows(
        ParameterName,
        "SELECT parameter, name_ru, name_kk, name_en, auxiliary FROM parameters",
    )
    return {each.parameter: each for each in rows}


async def code_meanings(database: Questions) -> dict[str, CodeMeaning]:
    """Return the quality codes of channels by code. Raises DatabaseGoneError."""
    rows = await database.rows(
        CodeMeaning,
        "SELECT code, scope, excuses, meaning_ru, meaning_kk, meaning_en FROM quality_codes "
        "WHERE scope != 'message'",
    )
    return {each.code: each for each in rows}
