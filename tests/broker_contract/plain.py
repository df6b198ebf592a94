"""A Faust application on Faust's own transport: what ours is measured against."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import faust


def plain_app(broker: str, group: str, **conf: Any) -> faust.App:
    """An application without agents, which commits only when it is told to."""
    return faust.App(
        group,
        datadir=Path(tempfile.gettempdir()) / "emissions-faust",
        broker=f"kafka://{broker}",
        store="memory://",
        web_enabled=False,
        stream_wait_empty=False,  # else it does not stop while an event is not acknowledged
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        **{
            "broker_commit_interval": 3600.0,
            "broker_session_timeout": 6.0,
            "broker_heartbeat_interval": 1.0,
            "stream_recovery_delay": 0.0,
            **conf,
        },
    )
