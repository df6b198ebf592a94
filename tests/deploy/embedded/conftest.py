"""The embedded parts are tested on servers of their own: tests see every table and all memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.embedded.clickhouse import EmbeddedClickHouse


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedClickHouse]:
    """A ClickHouse that no other test uses."""
    with EmbeddedClickHouse(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server
