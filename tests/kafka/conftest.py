"""A deployment on a broker with rights, by role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streams.kafka.rights import ROLES
from streams.settings import Settings
from tests.support.broker import unique
from tests.support.secured_kafka import SecuredKafka
from tests.support.streams_process import own_settings


@pytest.fixture
def deployment(secured_kafka: SecuredKafka) -> Callable[..., Settings]:
    """Settings of one deployment by role, each with a user of its own."""
    own = unique("d")
    names = own_settings(secured_kafka.address).as_env()
    places = {
        name.removeprefix("EMISSIONS_").lower(): value
        for name, value in names.items()
        if "_TOPIC_" in name or "_GROUP_" in name
    }

    def settings(user: str, **more: Any) -> Settings:
        own_places = {**places, "group_seal": f"{own}-sealed", "tick_s": 0.5}
        return secured_kafka.settings(f"{own}-{user}", partitions=1, **{**own_places, **more})

    secured_kafka.add_users(*(f"{own}-{name}" for name in (*ROLES, "stranger")))
    return settings
