"""Fixtures that every area uses: one embedded broker for the whole run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.embedded.broker import EmbeddedBroker
from tests.support.broker import TestBroker


@pytest.fixture(scope="session")
def broker() -> Iterator[TestBroker]:
    """A real broker process; tests keep apart by unique topic and group names."""
    with EmbeddedBroker() as running:
        yield TestBroker(running.address, running.pid)
