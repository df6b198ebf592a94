"""``emissions serve``: open what a demo or replay left, for several clients at once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emissions.cli.support.options import PORT
from emissions.cli.support.output import format_option, json_text

if TYPE_CHECKING:
    from emissions.supervision.kept_run import KeptRun

LOOK_S = 1.0


@click.command("serve")
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="What a demo (--keep) or replay (--workspace) left.",
)
@click.option(
    "--broker-port",
    type=PORT,
    default=9092,
    show_default=True,
    help="Port of the broker on loopback.",
)
@click.option(
    "--clickhouse-port",
    type=PORT,
    default=8123,
    show_default=True,
    help="Port of ClickHouse on loopback.",
)
@click.option(
    "--portal-port",
    type=PORT,
    default=8080,
    show_default=True,
    help="Port of the portal on loopback.",
)
@format_option
def command(
    workspace: Path, broker_port: int, clickhouse_port: int, portal_port: int, form: str
) -> None:
    """Open the topics and tables of a kept run until Ctrl-C, for several clients at once.

    Serves a broker, ClickHouse over HTTP and the portal on loopback, and prints how to reach
    them. No worker runs: nothing is judged, and what clients write stays.

    \b
    Examples:
      emissions serve --workspace nation
      emissions serve --workspace run --broker-port 19092 --clickhouse-port 18123
    """
    from emissions.cli.support.stack_events import StackEvents
    from emissions.supervision.ending import EndRequested, end_on_signal
    from emissions.supervision.kept_run import KeptRun
    from streams.settings import Settings

    events = StackEvents(form)
    try:
        with end_on_signal():
            kept = KeptRun(
                workspace,
                Settings.from_env(),
                events,
                broker_port=broker_port,
                clickhouse_port=clickhouse_port,
                portal_port=portal_port,
            )
            try:
                kept.start()
                _tell_how(kept, workspace, kept.write_environment(), portal_port, form)
                while True:
                    due = kept.supervisor.look()
                    time.sleep(LOOK_S if due is None else min(LOOK_S, max(0.05, due)))
            finally:
                kept.supervisor.stop()
    except EndRequested:
        events("served", directory=str(workspace))


def _tell_how(
    kept: KeptRun, workspace: Path, environment: Path, portal_port: int, form: str
) -> None:
    """Print the addresses, and how other commands reach what is served."""
    settings = kept.settings
    broker = settings.broker if kept.has_topics else None
    portal = f"http://127.0.0.1:{portal_port}/" if kept.has_portal else None
    if form == "json":
        ready = {"event": "ready", "broker": broker, "clickhouse": settings.clickhouse_url}
        ready["portal"] = portal
        click.echo(json_text({**ready, "environment": str(environment)}))
        return
    absent = "none: this run kept no topics (another broker, or an earlier version)"
    lines = (
        "",
        f"  broker      {broker or absent}",
        f"  ClickHouse  {settings.clickhouse_url} (user {settings.clickhouse_user})",
        f"  portal      {portal or 'none: its extra is not installed'}",
        "",
        "In another terminal:",
        f"  . {workspace / environment.name}",
        '  emissions sql "SELECT * FROM violations_current LIMIT 3"',
        "",
        "That file exports the addresses and the key of ClickHouse. Ctrl-C ends all.",
        "",
    )
    click.echo("\n".join(lines))
