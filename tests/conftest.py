"""Fixtures that every area uses: one embedded broker and one ClickHouse for the whole run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from deploy.embedded.broker import EmbeddedBroker
from deploy.embedded.clickhouse import EmbeddedClickHouse
from tests.support.broker import TestBroker
from tests.support.clickhouse import TestClickHouse

# A build says the same of the same commit; on a desk every run looks somewhere new.
settings.register_profile("build", derandomize=True, deadline=None)
settings.register_profile("desk", deadline=None)
settings.load_profile("build" if os.environ.get("CI") else "desk")


@pytest.fixture(scope="session")
def broker() -> Iterator[TestBroker]:
    """A real broker process; tests keep apart by unique topic and group names."""
    with EmbeddedBroker() as running:
        yield TestBroker(running.address, running.pid)


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedClickHouse]:
    """A real ClickHouse process, shared by the whole run."""
    with EmbeddedClickHouse(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


@pytest.fixture
def clickhouse(clickhouse_server: EmbeddedClickHouse) -> Iterator[TestClickHouse]:
    """A migrated database of the test's own."""
    database = TestClickHouse(clickhouse_server)
    yield database
    database.close()
