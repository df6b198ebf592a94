"""Finds enterprises and sources by words, in any case, with or without Kazakh letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from emissions.portal.database import Questions

_LETTERS: Final = "әғқңөұүһіёй"
_PLAIN: Final = "агкноуухиеи"
"""Who has no Kazakh keyboard writes the second line for the first."""


class Found(msgspec.Struct, frozen=True):
    """An enterprise, or with ``source_id`` a source of one; ``number`` counts all of its kind."""

    source_id: str
    source_name: str
    bin: str
    name_ru: str
    name_kk: str
    name_en: str
    region: str
    town_ru: str
    town_kk: str
    town_en: str
    number: int


def search_words(text: str) -> list[str]:
    """Return the words of a question as they are compared: small, plain letters, eight at most."""
    table = str.maketrans(_LETTERS, _PLAIN)
    return [word.translate(table) for word in text.lower().split()][:8]


async def found_enterprises(database: Questions, asked: Sequence[str], most: int) -> list[Found]:
    """Return enterprises of which every word is in a name, region or place, or begins the БИН.

    Raises DatabaseGoneError.
    """
    return await database.rows(
        Found,
        """
        SELECT
            '' AS source_id, '' AS source_name, e.bin AS bin,
            e.name_ru AS name_ru, e.name_kk AS name_kk, e.name_en AS name_en, e.region AS region,
            t.town_ru AS town_ru, t.town_kk AS town_kk, t.town_en AS town_en,
            count() OVER () AS number
        FROM
        (
            SELECT
                bin, name_ru, name_kk, name_en, region,
                concatWithSeparator(
                    ' ', name_ru, name_kk, name_en, region, region_name_ru, region_name_kk,
                    region_name_en
                ) AS names
            FROM enterprises_current WHERE NOT test
        ) AS e
        LEFT JOIN
        (
            SELECT bin, any(s.town_ru) AS town_ru, any(s.town_kk) AS town_kk,
                any(s.town_en) AS town_en,
                arrayStringConcat(
                    groupUniqArray(concatWithSeparator(' ', s.town_ru, s.town_kk, s.town_en)), ' '
                ) AS towns
            FROM source_places AS s GROUP BY bin
        ) AS t ON t.bin = e.bin
        WHERE arrayAll(
            word -> startsWith(e.bin, word) OR position(
                translateUTF8(
                    lowerUTF8(concatWithSeparator(' ', e.names, t.towns)),
                    {letters:String}, {plain:String}
                ),
                word
            ) > 0,
            {words:Array(String)}
        )
        ORDER BY name_ru, bin
        LIMIT {most:UInt32}
        """,
        {"words": list(asked), "most": most, "letters": _LETTERS, "plain": _PLAIN},
    )


async def found_sources(database: Questions, asked: Sequence[str], most: int) -> list[Found]:
    """Return sources of which every word is in their id, name, place, region or enterprise.

    One word at least is in the id, the name or the place. Raises DatabaseGoneError.
    """
    return await database.rows(
        Found,
        """
        SELECT
            source_id, source_name, bin, name_ru, name_kk, name_en, region,
            town_ru, town_kk, town_en,
            count() OVER () AS number
        FROM
        (
            SELECT
                source_id, name AS source_name, bin,
                enterprise_ru AS name_ru, enterprise_kk AS name_kk, enterprise_en AS name_en,
                region, town_ru, town_kk, town_en,
                translateUTF8(
                    lowerUTF8(
                        concatWithSeparator(' ', source_id, name, town_ru, town_kk, town_en)
                    ),
                    {letters:String}, {plain:String}
                ) AS own,
                translateUTF8(
                    lowerUTF8(concatWithSeparator(
                        ' ', enterprise_ru, enterprise_kk, enterprise_en,
                        joinGet('regions', 'name_ru', toString(region)),
                        joinGet('regions', 'name_kk', toString(region)),
                        joinGet('regions', 'name_en', toString(region))
                    )),
                    {letters:String}, {plain:String}
                ) AS beside
            FROM source_places
        )
        WHERE arrayExists(word -> position(own, word) > 0, {words:Array(String)})
            AND arrayAll(
                word -> position(own, word) > 0 OR position(beside, word) > 0,
                {words:Array(String)}
            )
        ORDER BY source_id
        LIMIT {most:UInt32}
        """,
        {"words": list(asked), "most": most, "letters": _LETTERS, "plain": _PLAIN},
    )
