"""Asks ClickHouse for the portal: in threads, each question once, answers kept for seconds."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol, TypeVar

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from sinks.clickhouse import client
from streams.settings import Settings

Row = TypeVar("Row", bound=msgspec.Struct)

KEPT_S: Final = 10.0
"""An answer is given again for so long: what is published is seen within a minute."""
SWITCH_KEPT_S: Final = 1.0
"""The switch of the authority is asked for again after so long: a hold is seen in a second."""
_SWITCH: Final = "SELECT revision, names, held FROM public_publication"
_MOST_KEPT: Final = 2_000
_THREADS: Final = 4
_LOGIN: Final = frozenset({192, 193, 194, 516})
"""Codes of ClickHouse for a user or a password that it does not take."""
_WITHIN_S: Final = 15


class DatabaseGoneError(Exception):
    """ClickHouse does not answer, or refused: the portal says so with a page of its own."""


class Publication(msgspec.Struct, frozen=True):
    """The switch of the authority as the public sees it.

    ``names``: AFTER_APPEAL, FINAL_DECISIONS_ONLY or NOBODY. ``held``: no case, no violation and no
    count of them is shown.
    """

    revision: int
    names: str
    held: bool


class Questions(Protocol):
    """What pages and the API ask; `Database` answers from ClickHouse."""

    async def publication(self) -> Publication:
        """Return the switch of the authority as it is now. Raises DatabaseGoneError."""
        ...

    async def rows(
        self, kind: type[Row], statement: str, parameters: Mapping[str, Any] | None = None
    ) -> list[Row]:
        """Return the rows of a statement. Raises DatabaseGoneError."""
        ...

    async def bytes(
        self, statement: str, form: str, parameters: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return what ClickHouse writes in one of its formats. Raises DatabaseGoneError."""
        ...

    def close(self) -> None:
        """Ask no more."""
        ...


class Database:
    """Asks with the rights of the user of the settings: those of the public role in production.

    Values are always parameters of the statement (``{name:Type}``), never part of its text.
    ``login`` is what the settings of user and password begin with, for what is said of them.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        login: str = "CLICKHOUSE",
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._login = login
        self._local = threading.local()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="clickhouse")
        # Every page waits for the switch, so it waits for no question.
        self._switching = ThreadPoolExecutor(1, thread_name_prefix="clickhouse-switch")
        self._kept: OrderedDict[Any, tuple[float, asyncio.Future[Any]]] = OrderedDict()
        self._switch: tuple[float, asyncio.Future[Publication]] | None = None
        self._known: Publication | None = None

    async def publication(self) -> Publication:
        """Return the switch of the authority, not older than a second.

        Where it was switched, every answer that was kept is forgotten. Raises DatabaseGoneError.
        """
        asked = self._switch
        if asked is None or asked[0] <= self._clock() or _failed(asked[1]):
            asked = (self._clock() + SWITCH_KEPT_S, asyncio.ensure_future(self._ask_switch()))
            self._switch = asked
        return await asyncio.shield(asked[1])

    async def _ask_switch(self) -> Publication:
        (found,) = await asyncio.get_running_loop().run_in_executor(
            self._switching, self._ask, Publication, _SWITCH, {}
        )
        if found != self._known:
            self._kept.clear()
            self._known = found
        return found

    async def rows(
        self, kind: type[Row], statement: str, parameters: Mapping[str, Any] | None = None
    ) -> list[Row]:
        """Return the rows of a statement as values of ``kind``, by the names of its columns.

        Raises DatabaseGoneError.
        """
        key = (kind, statement, repr(sorted((parameters or {}).items())))
        now = self._clock()
        found = self._kept.get(key)
        if found is not None and found[0] > now and not _failed(found[1]):
            return list(await asyncio.shield(found[1]))
        asked = asyncio.get_running_loop().run_in_executor(
            self._pool, self._ask, kind, statement, dict(parameters or {})
        )
        self._kept[key] = (now + KEPT_S, asked)
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return list(await asyncio.shield(asked))

    async def bytes(
        self, statement: str, form: str, parameters: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return what ClickHouse writes in one of its formats (``CSVWithNames``, ``Parquet``).

        Raises DatabaseGoneError.
        """

        def ask() -> bytes:
            try:
                return self._client().raw_query(statement, dict(parameters or {}), fmt=form)
            except (ClickHouseError, OSError) as error:
                raise self._gone(error) from error

        return await asyncio.get_running_loop().run_in_executor(self._pool, ask)

    def close(self) -> None:
        """End the threads; no question is asked any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._switching.shutdown(wait=False, cancel_futures=True)

    def _ask(self, kind: type[Row], statement: str, parameters: dict[str, Any]) -> Sequence[Row]:
        try:
            result = self._client().query(statement, parameters)
        except (ClickHouseError, OSError) as error:
            raise self._gone(error) from error
        names = result.column_names
        return [
            msgspec.convert(dict(zip(names, row, strict=True)), kind, from_attributes=False)
            for row in result.result_rows
        ]

    def _client(self) -> Client:
        found: Client | None = getattr(self._local, "client", None)
        if found is None:
            found = client(self._settings, within_s=_WITHIN_S)
            self._local.client = found
        return found

    def _gone(self, error: Exception) -> DatabaseGoneError:
        self._local.client = None  # the next question connects anew
        return gone(error, self._settings.clickhouse_user, self._login)


def gone(error: Exception, user: str, login: str) -> DatabaseGoneError:
    """Return the error of a question, with the settings to correct where the login was refused."""
    if getattr(error, "code", None) in _LOGIN:
        name = f"EMISSIONS_{login}"
        return DatabaseGoneError(
            f"ClickHouse rejects the user {user!r} or its password: correct {name}_USER and "
            f"{name}_PASSWORD (or {name}_PASSWORD_FILE)"
        )
    return DatabaseGoneError(str(error) or type(error).__name__)


def _failed(asked: asyncio.Future[Any]) -> bool:
    return asked.done() and (asked.cancelled() or asked.exception() is not None)
