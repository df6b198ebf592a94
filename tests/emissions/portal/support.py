"""The portal without a network: a client of the application, and answers in place of ClickHouse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import msgspec

from emissions.portal.app import create_app
from emissions.portal.database import DatabaseGoneError, Publication, Questions
from streams.settings import Settings

Row = TypeVar("Row", bound=msgspec.Struct)

NOW = datetime(2026, 6, 15, 7, 30, tzinfo=UTC)


class Given:
    """Answers questions with what was given for a kind of row; nothing was given: no rows."""

    def __init__(self, *rows: msgspec.Struct, gone: bool = False) -> None:
        self.all_rows = rows
        self.gone = gone
        self.switch = Publication(0, "AFTER_APPEAL", held=False)
        self.asked: list[tuple[type[msgspec.Struct], Mapping[str, Any]]] = []

    async def publication(self) -> Publication:
        if self.gone:
            raise DatabaseGoneError("connection refused")
        return self.switch

    async def rows(
        self, kind: type[Row], statement: str, parameters: Mapping[str, Any] | None = None
    ) -> list[Row]:
        self.asked.append((kind, dict(parameters or {})))
        if self.gone:
            raise DatabaseGoneError("connection refused")
        return [row for row in self.all_rows if isinstance(row, kind)]

    async def bytes(
        self, statement: str, form: str, parameters: Mapping[str, Any] | None = None
    ) -> bytes:
        raise NotImplementedError

    def close(self) -> None: ...


@asynccontextmanager
async def visitor(
    database: Questions, *, settings: Settings | None = None, **given: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without cookies; addresses are paths. ``given`` goes to the application."""
    app = create_app(settings or Settings(), database=database, clock=lambda: NOW, **given)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
        yield client
