"""Data that is not public: asked with a user of its own, after the look was recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import structlog
from clickhouse_connect.driver.exceptions import ClickHouseError

from emissions.access_records import record_access
from emissions.portal.access.sessions import Session
from emissions.portal.database import Questions, Row, gone
from emissions.publication import RecordKind, Role
from sinks.clickhouse import client
from streams.settings import Settings

log = structlog.get_logger()

LOGIN: Final = "PORTAL_PRIVATE"
"""What the settings of its user and password begin with."""
_ASKED_S: Final = 5


@dataclass(frozen=True)
class Look:
    """What somebody looks at: a kind of record, the thing asked for, the enterprises (БИН)."""

    kind: RecordKind
    what: str
    bins: tuple[str, ...] = ()
    query: str = "page"


class LookRecorder(Protocol):
    """Records looks; `AccessRecords` in ClickHouse."""

    async def record(self, who: str, role: Role, look: Look) -> None:
        """Record a look. Raises DatabaseGoneError: who cannot record must not show."""
        ...


class AccessRecords:
    """Records looks in the table ``access_records``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def record(self, who: str, role: Role, look: Look) -> None:
        """Insert a look, and return when it is there. Raises DatabaseGoneError."""
        await asyncio.to_thread(self._insert, who, role, look)

    def _insert(self, who: str, role: Role, look: Look) -> None:
        try:
            asked = client(self._settings, within_s=15)
            try:
                record_access(
                    asked, who=who, role=role, kind=look.kind, query=look.query,
                    what=look.what[:500], bins=look.bins,
                )  # fmt: skip
            finally:
                asked.close()
        except (ClickHouseError, OSError) as error:
            raise gone(error, self._settings.clickhouse_user, LOGIN) from error


class PrivateData:
    """Asks for data that is not public; each question names the look that it is."""

    def __init__(self, database: Questions, recorder: LookRecorder) -> None:
        self._database = database
        self._recorder = recorder

    async def rows(
        self,
        session: Session,
        look: Look,
        kind: type[Row],
        statement: str,
        parameters: Mapping[str, Any] | None = None,
    ) -> list[Row]:
        """Record the look, then return the rows. Raises DatabaseGoneError."""
        await self._recorder.record(session.who, session.viewer.role, look)
        return await self._database.rows(kind, statement, parameters)

    def close(self) -> None:
        """Ask no more."""
        self._database.close()


def of_private_user(settings: Settings, user: str) -> Settings:
    """Return the settings with the user that may read what is not public."""
    return replace(
        settings,
        clickhouse_user=user,
        clickhouse_password=settings.portal_private_password,
        clickhouse_password_file=settings.portal_private_password_file,
    )


def why_refused(settings: Settings, user: str) -> str | None:
    """Ask ClickHouse as that user; log and return what to correct if it refuses.

    None where it takes it, and where nobody answers, which pages tell when they are asked. Raises
    AccessFileError for the file of its password.
    """
    settings.secret("portal_private_password")  # named in errors as it is set
    try:
        client(of_private_user(settings, user), within_s=_ASKED_S).close()
    except (ClickHouseError, OSError) as error:
        found = str(gone(error, user, LOGIN))
        if LOGIN in found:
            log.error("portal_login_refused", error=found)
            return found
    return None
