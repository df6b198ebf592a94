"""Hosts with a network of their own on this machine (``ip netns``), whose links can be cut.

A host is one thread that has entered its namespace: what it opens and starts is on that host, and
processes that end with their parent end with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import Any, Final, ParamSpec, TypeVar

import pytest

_CLONE_NEWNET: Final = 0x40000000
_NET: Final = "10.77.0"
Given = ParamSpec("Given")
Found = TypeVar("Found")


class Host:
    """A host with one link to the switch."""

    def __init__(self, name: str, switch: str, number: int) -> None:
        self.name = name
        self.address = f"{_NET}.{number}"
        self._switch = switch
        self._port = f"port{number}"
        self._thread = ThreadPoolExecutor(1, initializer=_enter, initargs=(name,))

    def run(self, work: Callable[Given, Found], *args: Given.args, **more: Given.kwargs) -> Found:
        """Call a function on this host."""
        return self._thread.submit(work, *args, **more).result()

    def wait(self, work: Coroutine[Any, Any, Found]) -> Found:
        """Run a coroutine on this host, to its end."""
        return self.run(asyncio.run, work)

    def link(self, state: str) -> None:
        """Put the link to the switch ``down`` or ``up``; whoever sends into it hears nothing."""
        _ip("-n", self._switch, "link", "set", self._port, state)

    def plug_in(self) -> None:
        """Connect it to the switch."""
        _ip("netns", "add", self.name)
        _ip("-n", self._switch, "link", "add", self._port, "type", "veth", "peer", "name", "eth0",
            "netns", self.name)  # fmt: skip
        _ip("-n", self._switch, "link", "set", self._port, "master", "bridge", "up")
        _ip("-n", self.name, "addr", "add", f"{self.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", self.name, "link", "set", device, "up")

    def remove(self) -> None:
        """End what it ran, and remove it."""
        self._thread.shutdown()
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True)


@contextmanager
def hosts(*names: str) -> Iterator[Sequence[Host]]:
    """Make hosts on one switch. Skips the test where this machine lets nobody do so."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("hosts of their own need root and ip (iproute2)")
    own = f"em{os.getpid()}"
    switch = f"{own}-switch"
    try:
        _ip("netns", "add", switch)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this machine makes no network namespace: {error.stderr.strip()}")
    with ExitStack() as ends:
        ends.callback(_ip, "netns", "del", switch)
        _ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", switch, "link", "set", "bridge", "up")
        made = []
        for number, name in enumerate(names, 1):
            host = Host(f"{own}-{name}", switch, number)
            ends.callback(host.remove)
            host.plug_in()
            made.append(host)
        yield made


@contextmanager
def relay(host: Host, port: int, to: int) -> Iterator[None]:
    """Listen on the host's address and pass HTTP requests on to a port of its loopback."""
    ready, stop = Event(), Event()
    thread = ThreadPoolExecutor(1, initializer=_enter, initargs=(host.name,))
    done = thread.submit(asyncio.run, _serve(host.address, port, to, ready, stop))
    try:
        while not ready.wait(0.05):
            if done.done():
                done.result()
        yield
    finally:
        stop.set()
        thread.shutdown()


async def _serve(address: str, port: int, to: int, ready: Event, stop: Event) -> None:
    # The embedded ClickHouse answers only who names this machine.
    named, meant = f"Host: {address}:{port}".encode(), f"Host: 127.0.0.1:{to}".encode()

    async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(1 << 16):
                sink.write(data.replace(named, meant))
                await sink.drain()
        sink.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner, outer = await asyncio.open_connection("127.0.0.1", to)
        except OSError:
            writer.close()
            return
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(pass_on(reader, outer), pass_on(inner, writer))

    await asyncio.start_server(accept, address, port)
    ready.set()
    await asyncio.to_thread(stop.wait)


def answers(address: str, port: int) -> str:
    """Tell how a door answers whoever knocks: ``open``, ``refused`` or ``silent``."""
    try:
        with socket.create_connection((address, port), timeout=3.0):
            return "open"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "silent"


def _enter(name: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{name}") as namespace:
        if libc.setns(namespace.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {name}")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
