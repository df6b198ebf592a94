"""``emissions bridge``: deliver cases to a webhook, and bring back what it answers."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emissions.cli.support.connection import codec_of
from emissions.cli.support.dead_letter_access import requiring_topics
from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.running import run
from streams.counted import counted

if TYPE_CHECKING:
    from emissions.bridge.delivery import Counts
    from emissions.bridge.parts import BridgePlan, Parts
    from emissions.bridge.webhook import Address, Webhook
    from streams.settings import Settings

_PATH = click.Path(path_type=Path, dir_okay=False)


@click.command("bridge")
@click.option("--to", "url", required=True, metavar="URL", help="Webhook that takes the events.")
@click.option(
    "--key-file", type=_PATH, required=True, help="Signing keys, one whsec_... a line; all sign."
)
@click.option("--violations", is_flag=True, help="Deliver the violations too, not only the cases.")
@click.option(
    "--dead-letters",
    "letters",
    type=_PATH,
    default=Path("bridge-dead-letters.ndjson"),
    show_default=True,
    help="File that what was not taken is appended to; each bridge has its own.",
)
@click.option(
    "--replay", type=_PATH, help="Deliver the dead letters of this file, and nothing else."
)
@click.option(
    "--answers", metavar="URL", help="Address that is asked what became of the cases since."
)
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(0.1, 86400),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Pause between two such questions.",
)
@click.option("--ca-file", type=_PATH, help="Certificates (PEM) to verify the webhook by.")
@click.option(
    "--allow-http", is_flag=True, help="Allow http to another machine; anybody can read it then."
)
@click.option(
    "--tries",
    type=click.IntRange(1, 1000),
    default=12,
    show_default=True,
    help="Failed tries of an event before it is a dead letter.",
)
@click.option(
    "--pause",
    "pause_s",
    type=click.FloatRange(0.01, 300),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Pause after the first failed try; doubled each time, up to 5 minutes.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0.1, 600),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="A request that takes longer has failed.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, 100),
    default=8,
    show_default=True,
    help="Requests at a time.",
)
@click.option("--group", default="emissions-bridge", show_default=True, help="Consumer group.")
@click.option(
    "--from",
    "start",
    type=click.Choice(("earliest", "latest")),
    default="earliest",
    show_default=True,
    help="Where a group that is new begins.",
)
@click.option("--once", is_flag=True, help="End when what is there now is delivered.")
def command(
    url: str,
    key_file: Path,
    violations: bool,
    letters: Path,
    replay: Path | None,
    answers: str | None,
    every_s: float,
    ca_file: Path | None,
    allow_http: bool,
    tries: int,
    pause_s: float,
    timeout_s: float,
    connections: int,
    group: str,
    start: str,
    once: bool,
) -> None:
    """Deliver every revision of every case to a webhook, signed, in order a case.

    A case comes with ЕРАП form 1-АВ, as far as its data go. What the webhook answers about it
    (sent, delivered, decided) is published as measures; --answers asks for what comes later. An
    event that fails is sent again; one that is refused, or failed too often, goes to the file of
    dead letters. With --once or --replay exit 1 means that something went there.
    docs/reference/subscribing.md is the contract.

    \b
    Examples:
      echo "whsec_$(openssl rand -base64 32)" > key
      emissions bridge --to https://erap.example.kz/cases --key-file key
      emissions bridge --to https://erap.example.kz/cases --key-file key --replay old.ndjson
    """
    from emissions.bridge.dead_letters import DeadLetterFile, FileInUseError
    from emissions.bridge.devices import DeviceBook
    from emissions.bridge.outcome import Patience
    from emissions.bridge.parts import BridgePlan, Parts
    from streams.core.cases.erap_form import FormScene
    from streams.rules.country import load_country
    from streams.rules.load import load_rules
    from streams.runtime.logs import configure
    from streams.settings import Settings

    settings = Settings.from_env()
    configure(settings)
    if group in (settings.group_streams, settings.group_sinks):
        raise CommandError(f"{group} is the group of the workers: take another", BAD_INPUT)
    webhook = _webhook(url, allow_http, key_file, ca_file, timeout_s, connections)
    titles = {rule.code: rule.titles.get("ru", "") for rule in load_rules(settings.rules).rules}
    country, codec = load_country(settings.rules), codec_of(settings)
    devices = DeviceBook(settings, codec, country)
    scene = FormScene(country, titles, devices.of)
    records = {settings.topic_cases: "AdministrativeCase"}
    if violations or replay is not None:
        records[settings.topic_violations] = "Violation"
    patience = Patience(tries=tries, shortest_s=pause_s)
    later = None if answers is None else _address("--answers", answers, allow_http).url
    plan = BridgePlan(records, group, start, once, connections, patience, later, every_s)
    if replay is not None and replay.absolute() == letters.absolute():
        raise CommandError(
            f"{replay} is also the file for what is not taken now: move it, or give another "
            "with --dead-letters",
            BAD_INPUT,
        )
    try:
        file = DeadLetterFile(letters)
    except FileInUseError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    try:
        parts = Parts(settings, codec, scene, webhook, file, devices)
        with requiring_topics():
            counts = _run(parts, plan, replay)
    finally:
        file.close()
    _report(counts, letters, settings)


def _webhook(
    url: str,
    allow_http: bool,
    key_file: Path,
    ca_file: Path | None,
    timeout_s: float,
    connections: int,
) -> Webhook:
    from emissions.bridge.signature import KeyFileError, read_keys
    from emissions.bridge.webhook import Webhook

    address = _address("--to", url, allow_http)
    try:
        keys = read_keys(key_file)
    except KeyFileError as error:
        raise CommandError(f"--key-file: {error}", BAD_INPUT) from None
    try:
        return Webhook(address, keys, timeout_s=timeout_s, connections=connections, ca_file=ca_file)
    except ssl.SSLError:
        raise CommandError(f"--ca-file: {ca_file} holds no certificate (PEM)", BAD_INPUT) from None


def _address(option: str, url: str, allow_http: bool) -> Address:
    from emissions.bridge.webhook import AddressError, address_of

    try:
        return address_of(url, allow_http=allow_http)
    except AddressError as error:
        raise CommandError(f"{option}: {error}", BAD_INPUT) from None


def _run(parts: Parts, plan: BridgePlan, replay: Path | None) -> Counts:
    from emissions.bridge.run import replay_letters, run_bridge

    if replay is None:
        return run(run_bridge(parts, plan))
    try:
        return run(replay_letters(parts, plan, replay))
    except ValueError as error:
        raise CommandError(f"--replay: {error}", BAD_INPUT) from None


def _report(counts: Counts, letters: Path, settings: Settings) -> None:
    """Say what happened, and exit 1 where something was not taken."""
    told = f"{counts.delivered} delivered, {counted(counts.retried, 'try', 'tries')} repeated"
    if counts.measures:
        told += f", {counted(counts.measures, 'measure')} published to {settings.topic_measures}"
    click.echo(told)
    if counts.dead_letters:
        raise CommandError(f"written to {letters}: {counted(counts.dead_letters, 'dead letter')}")
