"""Verifies uploaded bundles: few at once, each in a process with a limit of time and memory."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import msgspec
from litestar.di import NamedDependency

from emissions.portal.attempts import Attempts
from emissions.verify.isolated import Verdict

WITHIN_S: Final = 45.0
"""Seconds that a verification may take."""
UPLOAD_S: Final = 60.0
"""Seconds that a file may take to arrive."""
_AT_ONCE: Final = 2
_UPLOADS_AT_ONCE: Final = 8
_AN_ADDRESS: Final = (12, 600.0)

Judge = Callable[[bytes, Sequence[str]], Awaitable[Verdict]]


class BusyError(Exception):
    """Too many are being verified, or one address asked too often; ``wait_s`` says how long."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"try again in {wait_s:.0f} s")
        self.wait_s = wait_s


class NotDoneError(Exception):
    """The verification took too long, too much memory, or ended without a verdict."""


class BundleVerifier:
    """Takes uploads and verifies them; nothing of a file outlives its answer."""

    def __init__(self, keys: Sequence[str] = (), *, judge: Judge | None = None) -> None:
        self._keys = tuple(keys)
        self._judge = judge or judge_in_process
        self._asked = Attempts(*_AN_ADDRESS)
        self._uploads = 0
        self._waiting = asyncio.Semaphore(_AT_ONCE)

    @property
    def trusting(self) -> bool:
        """Whether the installation names the keys that it trusts."""
        return bool(self._keys)

    @asynccontextmanager
    async def upload(self, address: str) -> AsyncIterator[None]:
        """Hold a place for an upload and its verification. Raises BusyError."""
        if self._uploads >= _UPLOADS_AT_ONCE:
            raise BusyError(10.0)
        if wait_s := self._asked.take(address):
            raise BusyError(wait_s)
        self._uploads += 1
        try:
            yield
        finally:
            self._uploads -= 1

    async def verify(self, data: bytes) -> Verdict:
        """Verify a file, after those that were there before. Raises NotDoneError."""
        async with self._waiting:
            return await self._judge(data, self._keys)


async def judge_in_process(data: bytes, keys: Sequence[str]) -> Verdict:
    """Verify in a new process that knows no secret of this one. Raises NotDoneError."""
    known = ("PATH", "LD_LIBRARY_PATH", "TZDIR")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", "emissions.verify.isolated", *keys),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in known if name in os.environ},
        cwd="/",
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            told, _ = await process.communicate(data)
        return msgspec.json.decode(told, type=Verdict)
    except (TimeoutError, OSError, msgspec.MsgspecError) as error:
        raise NotDoneError(str(error) or type(error).__name__) from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


BundlesOfPortal = NamedDependency[BundleVerifier]
"""How a page asks for it: a parameter ``bundles`` of this kind."""
