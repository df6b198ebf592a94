"""``emissions worker``: run a streams, sinks or seal worker."""

from __future__ import annotations

import os
import signal

import click


@click.command("worker")
@click.argument("kind", type=click.Choice(["streams", "sinks", "seal"]))
def command(kind: str) -> None:
    """Run a worker until SIGTERM or Ctrl-C.

    streams turns readings into means, gaps, violations and dead letters; sinks writes everything
    into ClickHouse. Run up to one of each per partition. seal writes violations, cases,
    registrations and rules into the transparency log; run one. While the broker or ClickHouse is
    unreachable, a worker logs it and retries until it is back.

    \b
    Example:
      EMISSIONS_BROKER=kafka:9092 emissions worker streams
    """
    # Imports take seconds: a signal before they are done has nothing to stop.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    from streams.settings import Settings

    settings = Settings.from_env()
    if kind == "streams":
        from streams.worker import run_streams

        code = run_streams(settings)
    elif kind == "seal":
        from streams.sealing.worker import run_seal

        code = run_seal(settings)
    else:
        from sinks.worker import run_sinks

        code = run_sinks(settings)
    raise click.exceptions.Exit(code)
