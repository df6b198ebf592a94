"""Parts that are away or mute are given up, each with a sentence."""

from __future__ import annotations

import json
import socket

import pytest
from click.testing import CliRunner

from emissions.cli.main import cli

pytestmark = pytest.mark.process


def test_what_accepts_connections_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        env = {
            "EMISSIONS_BROKER": f"127.0.0.1:{port}",
            "EMISSIONS_CLICKHOUSE_URL": f"http://127.0.0.1:{port}",
            "EMISSIONS_SCHEMA_REGISTRY_URL": f"http://127.0.0.1:{port}",
        }
        told = CliRunner().invoke(cli, ["doctor", "--format", "json"], env=env)
    assert told.exit_code == 1
    rows = {row["part"]: row for row in map(json.loads, told.stdout.splitlines())}
    assert rows.pop("versions")["state"] == "ok", "this program's own"
    assert set(rows) == {"broker", "schemas", "ClickHouse"}
    assert {row["state"] for row in rows.values()} == {"MISSING"}
    assert "accepts connections but does not answer" in rows["broker"]["seen"]
    assert all(row["do"] for row in rows.values())
