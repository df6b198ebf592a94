"""Answers of ClickHouse as they are written, in place of ClickHouse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emissions.portal.database import DatabaseGoneError
from tests.emissions.portal.support import Given


class Written(Given):
    """Writes the same bytes whatever is asked in a format; rows as `Given` does."""

    def __init__(self, written: bytes = b"", *rows: Any, gone: bool = False) -> None:
        super().__init__(*rows, gone=gone)
        self.written = written
        self.statements: list[tuple[str, str, Mapping[str, Any]]] = []

    async def bytes(
        self, statement: str, form: str, parameters: Mapping[str, Any] | None = None
    ) -> bytes:
        self.statements.append((statement, form, dict(parameters or {})))
        self.asked.append((type(self), dict(parameters or {})))  # type: ignore[arg-type]
        if self.gone:
            raise DatabaseGoneError("connection refused")
        return self.written
