"""``emissions worker``: the deployed consumers."""

from __future__ import annotations

import os
import signal

import click


@click.command("worker")
@click.argument("kind", type=click.Choice(["streams", "sinks"]))
def command(kind: str) -> None:
    """Run one of the deployed consumers until it is told to stop (SIGTERM, Ctrl-C).

    streams turns readings into means, gaps, violations and dead letters; sinks writes everything
    into ClickHouse. Start as many of each as there are partitions at most. Where the broker or
    ClickHouse is away, a worker says so and goes on by itself once it is back.

    \b
    Example:
      EMISSIONS_BROKER=kafka:9092 emissions worker streams
    """
    # Told to stop while it still imports, it has nothing to stop: that takes seconds.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    from streams.settings import Settings

    settings = Settings.from_env()
    if kind == "streams":
        from streams.worker import run_streams

        code = run_streams(settings)
    else:
        from sinks.worker import run_sinks

        code = run_sinks(settings)
    raise click.exceptions.Exit(code)
