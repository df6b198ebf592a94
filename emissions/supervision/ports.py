"""Ports of a local stack: free ones are wanted, and a taken one is named."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing
from itertools import combinations
from typing import Final, NamedTuple

from deploy.embedded.child import LOOPBACK
from emissions.supervision.directory import StackError

BROKER_PORT: Final = 9092
CLICKHOUSE_PORT: Final = 8123
PORTAL_PORT: Final = 8080
_PAUSE_S: Final = 0.2


class WantedPort(NamedTuple):
    """A loopback port, what listens there, and the option that chooses another."""

    port: int
    part: str
    option: str


def wanted_ports(broker: int, clickhouse: int, portal: int) -> tuple[WantedPort, ...]:
    """Return the ports of a stack. Raises `StackError` where two of them are one."""
    wanted = (
        WantedPort(broker, "the broker", "--broker-port"),
        WantedPort(clickhouse, "ClickHouse", "--clickhouse-port"),
        WantedPort(portal, "the portal", "--portal-port"),
    )
    for one, other in combinations(wanted, 2):
        if one.port == other.port:
            raise StackError(
                f"{one.part} and {other.part} cannot share port {one.port}: choose another with "
                f"{one.option} or {other.option}"
            )
    return wanted


def require_free(
    ports: tuple[WantedPort, ...],
    within_s: float = 0.0,
    waiting: Callable[[str], None] = lambda _: None,
) -> None:
    """Wait until nobody listens on the ports; ``waiting`` is told why, once a port.

    Raises `StackError` where a port is still taken then.
    """
    for wanted in ports:
        deadline = time.monotonic() + within_s
        told = False
        while is_taken(wanted.port):
            if time.monotonic() >= deadline:
                raise StackError(
                    f"port {wanted.port} on {LOOPBACK}, meant for {wanted.part}, is taken by "
                    f"another program: end that one, or choose another port with {wanted.option}"
                )
            if not told:
                waiting(f"port {wanted.port} is still taken")
                told = True
            time.sleep(_PAUSE_S)


def is_taken(port: int) -> bool:
    """Tell whether another program listens on a loopback port."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False
