"""Creates Faust applications on the batch transport."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

import faust

from streams.kafka.access import access_options
from streams.settings import Settings
from streams.transport.install import install

_METADATA_MS: Final = 5000
_FETCH_BYTES: Final = 4 * 1024 * 1024
"""Of a partition in one fetch: room for 10,000 readings. Faust's 1 MiB cut batches at 4,300."""


def create_faust_app(
    settings: Settings,
    group: str,
    *,
    wait_empty: bool = True,
    records_in_flight: int | None = None,
) -> faust.App:
    """Create a Faust application, configured around Faust's known traps.

    ``wait_empty``: a rebalance waits for the batches in work. ``records_in_flight``: limit per
    partition; None: that of the settings. Raises AccessFileError.
    """
    app = faust.App(
        group,
        broker=[f"kafka://{address}" for address in settings.broker_addresses],
        broker_credentials=faust_credentials(settings),
        store="memory://",
        # Nothing is kept on disk, but Faust makes a directory and would litter the current one.
        datadir=Path(tempfile.gettempdir()) / "emissions-faust",
        processing_guarantee="at_least_once",  # exactly_once crashes and duplicates
        broker_commit_interval=settings.commit_s,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.heartbeat_s,
        broker_max_poll_records=settings.poll_records,
        consumer_max_fetch_size=_FETCH_BYTES,
        # A worker that joined while the broker knew no topics owns nothing until it asks again.
        consumer_metadata_max_age_ms=_METADATA_MS,
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=wait_empty,
        stream_recovery_delay=0.0,
        table_standby_replicas=0,
        topic_disable_leader=True,
        topic_allow_declare=False,  # topics are created explicitly, with their configuration
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        worker_redirect_stdouts=False,
        web_enabled=False,  # it would answer in the loop that judges: `streams.health` does
    )
    install(app, records_in_flight=records_in_flight or settings.records_in_flight)
    return app


def faust_credentials(settings: Settings) -> Any:
    """Return how Faust's clients log in: the options of aiokafka in Faust's classes.

    None without TLS and SASL. Raises AccessFileError.
    """
    options = access_options(settings)
    context = options.get("ssl_context")
    if "sasl_oauth_token_provider" in options:
        return faust.OAuthCredentials(
            oauth_cb=options["sasl_oauth_token_provider"], ssl_context=context
        )
    if "sasl_mechanism" in options:
        return faust.SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            mechanism=options["sasl_mechanism"],
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)
