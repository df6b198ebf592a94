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
    how = pathlib.Path(os.environ["HOLD"])
    while how.exists():
        if how.read_text():
            await asyncio.sleep(float(how.read_text()))
            break
        pathlib.Path(os.environ["HOLD"] + ".held").touch()
        await asyncio.sleep(0.05)
    return await fetch(self, *given, **named)
Consumer._getmany = held
"""


class Hold:
    """A file by which the fetching of a worker is made slow, or stopped without an error."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._path = path
        monkeypatch.setenv("HOLD", str(path))

    def slow(self, seconds: float) -> None:
        """Every fetch takes that long."""
        self._path.write_text(str(seconds))

    def stop(self) -> None:
        """Nothing is fetched any more, but for the fetch under way."""
        self._path.write_text("")

    async def held(self) -> None:
        """Wait until nothing is being fetched."""
        await eventually(self._path.with_suffix(".held").exists, "the fetching is held")

    def release(self) -> None:
        """As it was."""
        self._path.with_suffix(".held").unlink(missing_ok=True)
        self._path.unlink()


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
        connection = http.client.HTTPConnection(*self._where, timeout=5)
        try:
            connection.request("GET", page)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except OSError:
            return 0, {}
        finally:
            connection.close()

    async def metrics(self) -> dict[tuple[str, ...], float]:
        """What the worker tells Prometheus, by name and the values of the labels in their order."""
        return await asyncio.to_thread(self._metrics)

    def _metrics(self) -> dict[tuple[str, ...], float]:
        connection = http.client.HTTPConnection(*self._where, timeout=5)
        try:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
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
