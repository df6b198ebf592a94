"""Manage child processes that end with their parent, and choose ports for them."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
_PR_SET_PDEATHSIG: Final = 1
_FIRST_PORT: Final = 15_000
_EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


def die_with_parent() -> Callable[[], None] | None:
    """Return a ``preexec_fn`` after which the kernel kills the child when its parent dies (Linux).

    The kernel watches the thread that started the child, so start a child from a thread that lives
    as long as the child should: the main one. Returns None on systems other than Linux; an orderly
    stop still ends the child there.
    """
    if sys.platform != "linux":
        return None
    # Looked up before the fork: the child may only do what is safe between fork and exec.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return arrange


def end(process: subprocess.Popen[bytes], patience_s: float) -> int:
    """Terminate a child, kill it if it does not end, and return its exit code."""
    process.terminate()
    try:
        return process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def free_port() -> int:
    """Return a loopback port that is free at the moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def stable_port() -> int:
    """Return a free loopback port that a server can bind again after a restart.

    It is outside the range of ports that the kernel gives to outgoing connections: otherwise any
    client could take it in the meantime, even one that is trying to connect to that very port.
    On Linux no other call on this machine returns it while this process lives.
    """
    try:
        last = int(_EPHEMERAL.read_text().split()[0]) - 1
    except (OSError, ValueError):
        last = 32_767
    for _ in range(100):
        port = random.randint(_FIRST_PORT, max(last, _FIRST_PORT + 1000))
        if not _reserve(port):
            continue
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    return free_port()


def _reserve(port: int) -> bool:
    """Reserve a port among the callers on this machine until this process ends (Linux).

    The reservation is a name without a file: the kernel forgets it together with the process.
    """
    if sys.platform != "linux":
        return True
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0emission-streams/port/{port}")
    except OSError:
        name.close()
        return False
    name.detach()  # open until the process ends
    return True


def accepts_connections(pid: int, port: int) -> bool:
    """Tell whether this process, and not an earlier one, accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0 and _listens(pid, port)


def last_line(log: bytes) -> str:
    """Return the last line of a child's output, for the message about its failure."""
    lines = log[-2000:].decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _listens(pid: int, port: int) -> bool:
    own = Path(f"/proc/{pid}")
    if not own.exists():  # no such file system: a process that could not listen ends soon
        time.sleep(0.3)
        return True
    try:
        lines = [
            line
            for table in ("net/tcp", "net/tcp6")
            if (own / table).exists()
            for line in (own / table).read_text().splitlines()[1:]
        ]
        sockets = {os.readlink(entry) for entry in (own / "fd").iterdir()}
    except OSError:
        return False  # it has just ended
    listening = {
        f"socket:[{fields[9]}]"
        for fields in map(str.split, lines)
        if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port
    }
    return bool(listening & sockets)
