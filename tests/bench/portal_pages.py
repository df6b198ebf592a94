"""The time to the first byte of public pages, at a rate that does not wait for answers.

``python -m tests.bench.portal_pages ADDRESS... [--rate 1000] [--seconds 10] [--connections 64]``
asks a portal that runs, each address in its turn. A request is due at its time whether those before
it are answered or not, and its time counts from then: a portal that falls behind cannot hide it.
Measured over connections that stay open, for answers compressed as a browser takes them.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from urllib.parse import urlsplit

import uvloop


@dataclass
class Measured:
    """Seconds to the first byte, bytes of bodies, and answers by status."""

    first_byte_s: list[float] = field(default_factory=list)
    body_bytes: int = 0
    statuses: Counter[int] = field(default_factory=Counter)

    def sentence(self, took_s: float) -> str:
        """One line: what was reached."""
        cuts = quantiles(self.first_byte_s, n=1000, method="inclusive")
        number = len(self.first_byte_s)
        return (
            f"{number / took_s:,.0f} answers/s; first byte ms: p50 {cuts[499] * 1e3:.1f}, "
            f"p90 {cuts[899] * 1e3:.1f}, p99 {cuts[989] * 1e3:.1f}, "
            f"most {max(self.first_byte_s) * 1e3:.1f}; {self.body_bytes / number / 1e3:.1f} kB "
            f"each; statuses {dict(self.statuses)}"
        )


class Connection:
    """One connection that stays open; requests follow each other on it."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self._asked = (
            f"GET {path} HTTP/1.1\r\nhost: {parts.netloc}\r\naccept-encoding: gzip\r\n\r\n"
        ).encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> None:
        """Connect, so that measuring begins with a request."""
        self._streams = await asyncio.open_connection(self._host, self._port)

    async def ask(self, due: float, measured: Measured) -> None:
        """Send the request and read the answer."""
        assert self._streams is not None
        reader, writer = self._streams
        writer.write(self._asked)
        status = await reader.readline()
        measured.first_byte_s.append(time.perf_counter() - due)
        measured.statuses[int(status.split()[1])] += 1
        length = 0
        while (line := await reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        await reader.readexactly(length)
        measured.body_bytes += length


async def measure(
    addresses: Sequence[str], rate: int, seconds: float, connections: int
) -> tuple[Measured, float]:
    """Ask at a rate; return what was measured and how long it took."""
    idle: list[asyncio.Queue[Connection]] = []
    for address in addresses:
        queue: asyncio.Queue[Connection] = asyncio.Queue()
        for _ in range(max(1, connections // len(addresses))):
            connection = Connection(address)
            await connection.open()
            queue.put_nowait(connection)
        idle.append(queue)
    measured = Measured()

    async def one(number: int, due: float) -> None:
        queue = idle[number % len(idle)]
        connection = await queue.get()
        await connection.ask(due, measured)
        queue.put_nowait(connection)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = began + number / rate
            ahead = due - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            group.create_task(one(number, due))
    return measured, time.perf_counter() - began


def main() -> int:
    """Measure a portal that runs and print what was reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.portal_pages", description=__doc__)
    parser.add_argument("addresses", nargs="+", metavar="ADDRESS")
    parser.add_argument("--rate", type=int, default=1000, help="requests a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--connections", type=int, default=64)
    given = parser.parse_args()
    asked = given.addresses, given.rate, given.seconds, given.connections
    measured, took_s = uvloop.run(measure(*asked))
    print(measured.sentence(took_s))
    return 0 if set(measured.statuses) == {200} else 1


if __name__ == "__main__":
    sys.exit(main())
