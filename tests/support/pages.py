"""The health pages of a worker under test, and a worker whose fetching can be held."""

from __future__ import annotations

import asyncio
import http.client
import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.settings import Settings
from tests.support.broker import eventually
from tests.support.streams_process import SinksProcess, StreamsProcess

_HOLD = """
import asyncio, os, pathlib
from streams.transport.driver import Consumer
fetch = Consumer._getmany
async def held(self, *given, **named):
    path = pathlib.Path(os.environ["HOLD"])
    found = None
    while True:
        how, what = path.read_text().split()
        if how == "slow":
            await asyncio.sleep(float(what))
        if how == "keep" and not found:
            found = await fetch(self, *given, **named)
        if how in ("release", "slow") or (how == "keep" and not found):
            return await fetch(self, *given, **named) if found is None else found
        path.with_suffix(".held").write_text(what)
        await asyncio.sleep(0.05)
Consumer._getmany = held
"""


class Hold:
    """A file by which the fetching of a worker is made slow, or stopped without an error.

    It is always there and replaced as a whole: the worker may read it at any moment. Each stop has
    a number, so that what the worker said of an earlier one is not taken for this one.
    """

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._path = path
        self._stops = 0
        self.release()
        monkeypatch.setenv("HOLD", str(path))

    def slow(self, seconds: float) -> None:
        """Every fetch takes that long."""
        self._tell(f"slow {seconds}")

    def stop(self) -> None:
        """Nothing is fetched any more, but for the fetch under way."""
        self._stops += 1
        self._tell(f"stop {self._stops}")

    def keep(self) -> None:
        """What is fetched next is not handed over."""
        self._stops += 1
        self._tell(f"keep {self._stops}")

    async def held(self) -> None:
        """Wait until nothing is being fetched, or what is kept has been fetched."""
        said = self._path.with_suffix(".held")
        await eventually(
            lambda: said.exists() and said.read_text() == str(self._stops), "the fetching is held"
        )

    def release(self) -> None:
        """As it was."""
        self._tell("release now")

    def _tell(self, how: str) -> None:
        written = self._path.with_suffix(".written")
        written.write_text(how)
        written.replace(self._path)


class HeldStreams(StreamsProcess):
    """A streams worker whose fetching can be held."""

    main: ClassVar[str] = _HOLD + StreamsProcess.main


class HeldSinks(SinksProcess):
    """A sinks worker whose fetching can be held."""

    main: ClassVar[str] = _HOLD + SinksProcess.main


class Pages:
    """Asks the pages of the worker that has these settings."""

    def __init__(self, settings: Settings) -> None:
        self._where = (settings.web_host, settings.web_port)

    async def ask(self, page: str) -> tuple[int, dict[str, Any]]:
        """Status and body; status 0 while nothing answers."""
        return await asyncio.to_thread(self._ask, page)

    def _ask(self, page: str) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection(*self._where, timeout=30)
        try:
            connection.request("GET", page)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()

    async def metrics(self) -> dict[tuple[str, ...], float]:
        """What the worker tells Prometheus, by name and the values of the labels in their order."""
        told: dict[tuple[str, ...], float] = {}

        async def answered() -> bool:
            told.update(await asyncio.to_thread(self._metrics))
            return bool(told)

        await eventually(answered, "/metrics answers")
        return told

    def _metrics(self) -> dict[tuple[str, ...], float]:
        connection = http.client.HTTPConnection(*self._where, timeout=30)
        try:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            return {}
        finally:
            connection.close()
        return {
            (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    async def wait(self, page: str, status: int) -> dict[str, Any]:
        """The body once the page has that status."""
        found: list[dict[str, Any]] = []

        async def has() -> bool:
            seen, body = await self.ask(page)
            found[:] = [body]
            return seen == status

        try:
            await eventually(has, f"{page} is {status}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it says {found}") from None
        return found[0]

    async def waits_for(self, condition: str, why: str = "") -> str:
        """The sentence once the worker is not ready because of that condition (and says that)."""
        found: list[str] = []

        async def has() -> bool:
            found[:] = [str((await self.ask("/readyz"))[1].get("conditions", {}).get(condition))]
            return found[0] not in ("ok", "None") and why in found[0]

        try:
            await eventually(has, f"{condition} says {why!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it says {found}") from None
        return found[0]

    async def complaints(self) -> list[str]:
        """Why ``/livez`` would have the worker begin anew; [] while it would not."""
        found: list[list[str]] = []

        async def told() -> bool:
            status, body = await self.ask("/livez")
            found[:] = [body.get("reasons", [])]
            return status in (200, 503)

        await eventually(told, "/livez answers")
        return found[0]
