"""The first tier of the tests starts nothing and reaches nobody; a test that tries is failed."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.support.tiers import GUARD, OutsideError, is_first


def spawn() -> None:
    os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {})


def connect() -> None:
    with socket.socket() as made:
        made.connect(("127.0.0.1", 1))


def listen() -> None:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))


REACHING_OUT: dict[str, Callable[[], object]] = {
    "a process": lambda: subprocess.run([sys.executable, "-c", ""], check=False),
    "a process of the operating system": spawn,
    "a shell": lambda: os.system("true"),  # noqa: S605
    "a connection": connect,
    "a port": listen,
    "a name of another machine": lambda: socket.getaddrinfo("localhost", 1),
}


@pytest.mark.parametrize("reach", REACHING_OUT.values(), ids=list(REACHING_OUT))
def test_reaching_out_of_a_test_without_a_process_is_refused(reach: Callable[[], object]) -> None:
    with GUARD.on() as refused, pytest.raises(OutsideError):
        reach()
    assert len(refused) == 1


def test_a_refusal_that_was_caught_is_remembered() -> None:
    with GUARD.on() as refused, contextlib.suppress(Exception):
        connect()
    assert [each.split()[0] for each in refused] == ["socket.connect"]
    assert GUARD.refused == []


@pytest.mark.process
def test_a_test_with_the_mark_may_start_a_process() -> None:
    assert subprocess.run([sys.executable, "-c", ""], check=False).returncode == 0


def test_every_test_that_asks_for_a_server_is_marked(request: pytest.FixtureRequest) -> None:
    items = request.session.items
    assert not [item.nodeid for item in items if is_first(item) and "broker" in _names(item)]
    assert is_first(request.node)


def _names(item: pytest.Item) -> list[str]:
    return list(getattr(item, "fixturenames", ()))
