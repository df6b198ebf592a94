"""Duty and state of automatic monitoring: of the nation, and of each enterprise."""

from __future__ import annotations

from datetime import date

import msgspec

from emissions.portal.database import Questions


class Nation(msgspec.Struct, frozen=True):
    """Obliged enterprises of the nation by the state of their monitoring systems."""

    obliged: int
    installed: int
    connected: int
    deferred: int


class Duty(msgspec.Struct, frozen=True):
    """An enterprise and its monitoring system; ``bin`` is its БИН.

    ``obliged``: category I with a source that meets a criterion; ``on_roadmap``: it has no system,
    and a road map defers the duty until a date in Almaty.
    """

    bin: str
    name_ru: str
    name_kk: str
    name_en: str
    region: str
    obliged: int
    installed: int
    connected: int
    on_roadmap: int
    roadmap_until: date | None

    @property
    def state(self) -> str:
        """Where it stands: connected, installed, roadmap, none, or not_obliged."""
        if self.connected:
            return "connected"
        if self.installed:
            return "installed"
        if self.on_roadmap:
            return "roadmap"
        return "none" if self.obliged else "not_obliged"


async def nation(database: Questions) -> Nation:
    """Count the obliged enterprises. Raises DatabaseGoneError."""
    rows = await database.rows(
        Nation,
        """
        SELECT
            countIf(firm.obliged) AS obliged,
            countIf(firm.obliged AND firm.installed) AS installed,
            countIf(firm.obliged AND firm.connected) AS connected,
            countIf(firm.obliged AND firm.on_roadmap) AS deferred
        FROM compliance AS firm
        """,
    )
    return rows[0]


async def duties(database: Questions) -> list[Duty]:
    """Return every enterprise, without test streams, by БИН. Raises DatabaseGoneError."""
    return await database.rows(
        Duty,
        """
        SELECT
            bin, name_ru, name_kk, name_en, region, obliged, installed, connected, on_roadmap,
            toDate32(roadmap_until) AS roadmap_until
        FROM compliance
        ORDER BY bin
        """,
    )
