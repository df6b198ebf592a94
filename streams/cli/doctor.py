"""``emissions doctor``: which part of a deployment is missing, and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import click

from streams.cli.errors import broker_sentence, clickhouse_sentence, masked
from streams.cli.output import format_option, show_rows
from streams.cli.running import run

if TYPE_CHECKING:
    from streams.settings import Settings

WATCH_S = 2.0
UNTOLD = "the broker does not tell"
ABSENT = "is missing"


class Check(NamedTuple):
    """One part that was looked at: in order or not, what was seen, what to do."""

    part: str
    well: bool
    seen: str
    remedy: str = ""


@click.command("doctor")
@format_option
def command(form: str) -> None:
    """Look at every part of a deployment; exit 1 and say what to do if one is missing.

    Looks at the broker, the topics with their configuration, the schema ids, ClickHouse and its
    migrations, and whether the workers keep up.

    \b
    Examples:
      emissions doctor
      EMISSIONS_BROKER=kafka:9092 emissions doctor --format json
    """
    from streams.settings import Settings

    settings = Settings.from_env()
    checks = run(_examine(settings))
    rows = [
        {"part": c.part, "state": "ok" if c.well else "MISSING", "seen": c.seen, "do": c.remedy}
        for c in checks
    ]
    show_rows(rows, ("part", "state", "seen", "do"), form)
    if not all(check.well for check in checks):
        raise click.exceptions.Exit(1)


async def _examine(settings: Settings) -> list[Check]:
    checks = [await _broker(settings)]
    if checks[0].well:
        checks.append(await _topics(settings))
    checks += [await asyncio.to_thread(_schemas, settings)]
    checks += await asyncio.to_thread(lambda: list(_clickhouse(settings)))
    if checks[0].well and ABSENT not in checks[1].seen:
        checks.append(await _group(settings, "streams"))
        checks.append(await _group(settings, "sinks"))
    return checks


async def _broker(settings: Settings) -> Check:
    from aiokafka.errors import KafkaError

    from streams.replay.client import consumer_of

    try:
        async with consumer_of(settings):
            return Check("broker", True, f"{settings.broker} answers")
    except (KafkaError, OSError) as error:
        remedy = "start a broker, or name it in EMISSIONS_BROKER"
        return Check("broker", False, masked(broker_sentence(error)), remedy)


async def _topics(settings: Settings) -> Check:
    from streams.topics import compare_topics

    told = await compare_topics(settings)
    wrong = [sentence for sentence in told if not sentence.startswith(UNTOLD)]
    if wrong:
        remedy = "emissions topics create"
        if not any(sentence.endswith(ABSENT) for sentence in wrong):
            remedy = "correct the topics, or name them as they are in EMISSIONS_TOPIC_..."
        return Check("topics", False, "; ".join(wrong), remedy)
    return Check("topics", True, "; ".join(["all are there", *told]))


def _schemas(settings: Settings) -> Check:
    from schemas.errors import SchemaRegistryError
    from streams.cli.connection import codec_of

    place = settings.schema_registry_url
    try:
        codec_of(settings)
    except SchemaRegistryError as error:
        remedy = "start the schema registry, or unset EMISSIONS_SCHEMA_REGISTRY_URL"
        return Check("schemas", False, masked(str(error)), remedy)
    return Check(
        "schemas", True, f"ids of {masked(place)}" if place else "fixed ids of the package"
    )


def _clickhouse(settings: Settings) -> Iterator[Check]:
    from clickhouse_connect.driver.exceptions import Error

    from sinks import clickhouse, migrate

    try:
        with clickhouse.client(settings, database=False) as client:
            yield Check("ClickHouse", True, f"{settings.clickhouse_url} answers")
            name = settings.clickhouse_database
            found = client.query(
                "SELECT 1 FROM system.databases WHERE name = {name:String}", {"name": name}
            )
            if not found.result_rows:
                yield Check("tables", False, f"no database {name}", "emissions migrate")
                return
            client.database = name
            waiting = migrate.pending(client)
    except Error as error:
        remedy = "start ClickHouse, or name it in EMISSIONS_CLICKHOUSE_URL"
        yield Check("ClickHouse", False, masked(clickhouse_sentence(error)), remedy)
        return
    if waiting:
        yield Check("tables", False, f"not applied: {', '.join(waiting)}", "emissions migrate")
    else:
        yield Check("tables", True, "every migration is applied")


async def _group(settings: Settings, kind: str) -> Check:
    """Whether a worker keeps up: what it has not taken yet, looked at twice."""
    from streams.replay.client import consumer_of
    from streams.replay.logs import ends_of
    from streams.replay.run import outputs

    topics = [settings.topic_readings]
    if kind == "sinks":
        topics += [settings.topic_registry, *outputs(settings)]
    group = settings.group_streams if kind == "streams" else settings.group_sinks
    ends = await ends_of(settings, *topics)
    async with consumer_of(settings, group) as asking:

        async def lag() -> int:
            behind = 0
            for partition, end in ends.items():
                if end > 0:
                    behind += max(0, end - (await asking.committed(partition) or 0))
            return behind

        first = await lag()
        if first == 0:
            return Check(f"{kind} worker", True, f"group {group} has taken everything")
        await asyncio.sleep(WATCH_S)
        then = await lag()
    seen = f"group {group} has {then} messages to take"
    if then < first:
        return Check(f"{kind} worker", True, f"{seen} and gets on")
    return Check(f"{kind} worker", False, f"{seen} and stands still", f"emissions worker {kind}")
