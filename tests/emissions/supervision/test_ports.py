"""A port that somebody listens on is named, after the wait that was asked for."""

from __future__ import annotations

import socket

import pytest

from deploy.embedded.child import stable_port
from emissions.supervision.directory import StackError
from emissions.supervision.ports import WantedPort, is_taken, require_free, wanted_ports


def test_each_part_needs_a_port_of_its_own() -> None:
    for three in ((5, 5, 7), (5, 7, 5), (7, 5, 5)):
        with pytest.raises(StackError, match="cannot share port 5"):
            wanted_ports(*three)
    assert [each.port for each in wanted_ports(5, 6, 7)] == [5, 6, 7]


@pytest.mark.process
def test_a_free_port_is_free_and_a_taken_one_is_waited_for() -> None:
    port = stable_port()
    assert not is_taken(port)
    wanted = (WantedPort(port, "the broker", "--broker-port"),)
    require_free(wanted)
    server = socket.create_server(("127.0.0.1", port))
    with server:
        with pytest.raises(StackError, match=f"port {port} .* --broker-port"):
            require_free(wanted)
        told: list[str] = []

        def leave(why: str) -> None:
            told.append(why)
            server.close()

        require_free(wanted, within_s=60.0, waiting=leave)
    assert told == [f"port {port} is still taken"]
