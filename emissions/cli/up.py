"""``emissions up``: a lasting local stack."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emissions.cli.support.options import PORT
from emissions.cli.support.output import format_option, notice

if TYPE_CHECKING:
    from emissions.cli.support.stack_events import StackEvents
    from emissions.supervision.directory import About, StackDirectory
    from emissions.supervision.lasting_stack import LastingStack
    from streams.core.registry.enterprise import Enterprise
    from streams.settings import Settings

LOOK_S = 1.0
FIGURES_S = 5.0


@click.command("up")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("emissions-data"),
    show_default=True,
    help="Where everything is kept.",
)
@click.option(
    "--kafka/--embedded",
    default=None,
    help="Apache Kafka (needs Java 17 and, once, Maven) or the embedded broker; "
    "default: as at the first start, then the embedded one.",
)
@click.option(
    "--broker-port",
    type=PORT,
    help="Port of the broker on loopback; default: as at the first start, then 9092.",
)
@click.option(
    "--clickhouse-port",
    type=PORT,
    help="Port of ClickHouse on loopback; default: as at the first start, then 8123.",
)
@click.option(
    "--portal-port",
    type=PORT,
    help="Port of the portal on loopback; default: as at the first start, then 8080.",
)
@click.option(
    "--registry",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Enterprises and sources (YAML) to load at the first start; default: a sample.",
)
@click.option(
    "--simulate", is_flag=True, help="Feed a small simulated nation in real time, defects included."
)
@click.option(
    "--enterprises",
    type=click.IntRange(1, 500),
    default=8,
    show_default=True,
    help="With --simulate: obliged enterprises.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="With --simulate: which one.")
@format_option
def command(
    directory: Path,
    kafka: bool | None,
    broker_port: int | None,
    clickhouse_port: int | None,
    portal_port: int | None,
    registry: Path | None,
    simulate: bool,
    enterprises: int,
    seed: int,
    form: str,
) -> None:
    """Run a lasting local stack until Ctrl-C: broker, ClickHouse, topics, tables, workers, portal.

    Prints how to reach it. What ends is started again, and told. Everything is kept in the
    directory: the next start on it goes on where this one ended, also after a crash. Everything
    listens on loopback only. With --simulate the nation sends what its day has brought so far,
    then as time passes; no sample registry is loaded then.

    \b
    Examples:
      emissions up
      emissions up --simulate --directory nation
      emissions up --registry registry.yaml --kafka --broker-port 19092
    """
    from emissions.cli.support.stack_events import StackEvents
    from emissions.supervision.directory import StackDirectory
    from emissions.supervision.ending import EndRequested, end_on_signal
    from emissions.supervision.lasting_stack import LastingStack, Simulation
    from streams.settings import Settings

    settings = _absolute(Settings.from_env())
    listed = _enterprises(registry, settings, simulate=simulate)
    events = StackEvents(form)
    try:
        with end_on_signal(), StackDirectory(directory) as opened:
            found = opened.read()
            ports = (broker_port, clickhouse_port, portal_port)
            about = _about(opened, found, settings, kafka, ports, simulate)
            simulation = None
            if simulate and about.simulated_from is not None:
                simulation = Simulation(enterprises, seed, about.simulated_from)
            stack = LastingStack(
                opened,
                about,
                settings,
                events,
                used_before=found is not None,
                simulation=simulation,
            )
            try:
                stack.start(listed)
                if found is not None and registry is not None:
                    notice(
                        f"the topic has a registry already: `emissions registry load {registry}`"
                        " adds to it"
                    )
                environment = opened.write_environment(stack.settings)
                _tell_how(stack, directory, about, environment, form)
                _watch(stack, events)
            finally:
                events.end()
                stack.stop()
    except EndRequested:
        events("stopped", directory=str(directory))


def _about(
    opened: StackDirectory,
    found: About | None,
    settings: Settings,
    kafka: bool | None,
    ports: tuple[int | None, int | None, int | None],
    simulate: bool,
) -> About:
    """Return what the directory is from now on, and keep it."""
    import msgspec

    from emissions.cli.simulate import today
    from emissions.supervision.directory import fitting
    from emissions.supervision.ports import (
        BROKER_PORT,
        CLICKHOUSE_PORT,
        PORTAL_PORT,
        wanted_ports,
    )

    about = fitting(
        found,
        broker=None if kafka is None else "kafka" if kafka else "embedded",
        partitions=settings.partitions,
        broker_port=ports[0],
        clickhouse_port=ports[1],
        portal_port=ports[2],
        defaults=(BROKER_PORT, CLICKHOUSE_PORT, PORTAL_PORT),
    )
    wanted_ports(about.broker_port, about.clickhouse_port, about.portal_port)
    if simulate and about.simulated_from is None:
        about = msgspec.structs.replace(about, simulated_from=today().isoformat())
    opened.write(about)
    return about


def _enterprises(registry: Path | None, settings: Settings, *, simulate: bool) -> list[Enterprise]:
    """Read the registry to load at the first start, before anything is started."""
    import deploy
    from streams.registry.document import load_registry
    from streams.rules.country import load_country

    if registry is None and simulate:
        return []  # the nation registers itself
    sample = Path(deploy.__file__).parent / "sample-registry.yaml"
    return list(load_registry(registry or sample, load_country(settings.rules)))


def _absolute(settings: Settings) -> Settings:
    """Return settings whose rules are found from the directory of the workers, too."""
    from dataclasses import replace

    from streams.rules.folder import rule_folder

    if settings.rules is None:
        return settings
    return replace(settings, rules=str(rule_folder(settings.rules).resolve()))


def _tell_how(
    stack: LastingStack, directory: Path, about: About, environment: Path, form: str
) -> None:
    """Print the addresses, and how other commands reach the stack."""
    from emissions.supervision.part import PORTAL

    settings = stack.settings
    runs = PORTAL in stack.supervisor.states
    portal = f"http://127.0.0.1:{about.portal_port}/" if runs else None
    if form == "json":
        from emissions.cli.support.output import json_text

        click.echo(
            json_text(
                {
                    "event": "ready",
                    "broker": settings.broker,
                    "clickhouse": settings.clickhouse_url,
                    "portal": portal,
                    "environment": str(environment),
                    "processes": stack.supervisor.pids(),
                }
            )
        )
        return
    kind = "Apache Kafka" if about.broker == "kafka" else "embedded"
    lines = (
        "",
        f"  broker      {settings.broker} ({kind})",
        f"  ClickHouse  {settings.clickhouse_url} (user {settings.clickhouse_user})",
        f"  portal      {portal or 'none: its extra is not installed'}",
        f"  log         {settings.log_path}",
        "",
        "In another terminal:",
        f"  . {directory / 'env.sh'}",
        "  emissions doctor",
        "  emissions violations --follow",
        '  emissions sql "SELECT * FROM violations_current LIMIT 3"',
        "",
        f"That file exports EMISSIONS_BROKER={settings.broker},",
        f"EMISSIONS_CLICKHOUSE_URL={settings.clickhouse_url}, the key of ClickHouse and the rest.",
        f"Ctrl-C ends all of it; the next `emissions up` on {directory} goes on from there.",
        "",
    )
    click.echo("\n".join(lines))


def _watch(stack: LastingStack, events: StackEvents) -> None:
    """Start again what ends, and refresh the status line, until a signal."""
    from emissions.supervision.status import status_line

    shown = 0.0
    while True:
        due = stack.look()
        now = time.monotonic()
        if events.shows_status and now - shown >= FIGURES_S:
            states = stack.supervisor.states
            wall = time.time_ns() // 1_000_000
            events.status(status_line(states, stack.figures(), wall, events.width))
            shown = now
        time.sleep(min(LOOK_S, max(0.05, due)) if due is not None else LOOK_S)
