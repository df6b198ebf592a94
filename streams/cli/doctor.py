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
ANSWER_S = 4.0
"""A broker that accepts connections and says nothing is given up after this."""


class Check(NamedTuple):
    """One part that was looked at: in order or not, what was seen, what to do.

    ``risk``: it works, and may stop to.
    """

    part: str
    well: bool
    seen: str
    remedy: str = ""
    risk: bool = False

    @property
    def state(self) -> str:
        """In a word."""
        return "ok" if self.well else "RISK" if self.risk else "MISSING"


@click.command("doctor")
@format_option
def command(form: str) -> None:
    """Look at every part of a deployment; exit 1 and say what to do if one is missing.

    Looks at the brokers and their settings, the topics with their configuration and replicas,
    the schema ids, ClickHouse and its migrations, and whether the workers keep up. A RISK does
    not change the exit code.

    \b
    Examples:
      emissions doctor
      EMISSIONS_BROKER=kafka:9092 emissions doctor --format json
    """
    from streams.settings import Settings

    settings = Settings.from_env()
    checks = run(_examine(settings))
    rows = [{"part": c.part, "state": c.state, "seen": c.seen, "do": c.remedy} for c in checks]
    show_rows(rows, ("part", "state", "seen", "do"), form)
    if not all(check.well or check.risk for check in checks):
        raise click.exceptions.Exit(1)


async def _examine(settings: Settings) -> list[Check]:
    broker, schemas, clickhouse = await asyncio.gather(
        _broker(settings),
        asyncio.to_thread(_schemas, settings),
        asyncio.to_thread(lambda: list(_clickhouse(settings))),
    )
    return [*broker, schemas, *clickhouse, *await _groups(settings, broker)]


async def _broker(settings: Settings) -> list[Check]:
    """The brokers and the topics, or the sentence that says why they cannot be asked."""
    from aiokafka.errors import KafkaError

    from streams.broker_settings import broker_risks

    remedy = "start a broker, or name it in EMISSIONS_BROKER"
    try:
        async with asyncio.timeout(ANSWER_S):
            risks = await broker_risks(settings)
    except TimeoutError:
        seen = f"{settings.broker} accepts connections and says nothing for {ANSWER_S:g} s"
        return [Check("broker", False, seen, remedy)]
    except (KafkaError, OSError) as error:
        return [Check("broker", False, masked(broker_sentence(error)), remedy)]
    checks = [Check("broker", True, f"{settings.broker} answers")]
    checks += [Check("broker", False, risk.what, risk.remedy, risk=True) for risk in risks]
    return checks + await _topics(settings)


async def _topics(settings: Settings) -> list[Check]:
    from streams.topic_differences import compare_topics

    told = await compare_topics(settings)
    missing = [d for d in told if d.kind == "missing"]
    checks = []
    if missing:
        names = ", ".join(d.topic for d in missing)
        checks.append(Check("topics", False, f"missing: {names}", missing[0].remedy))
    checks += [
        Check("topics", False, d.what, d.remedy, risk=not d.breaks)
        for d in told
        if d.kind in ("broken", "risk")
    ]
    if not checks:
        seen = "; ".join(["all are there", *(d.what for d in told)])
        checks.append(Check("topics", True, seen))
    return checks


def _schemas(settings: Settings) -> Check:
    from streams.schema_registry import look_at_schemas

    found = look_at_schemas(settings)
    return Check("schemas", found.well, masked(found.seen), found.remedy, found.risk)


def _clickhouse(settings: Settings) -> Iterator[Check]:
    from clickhouse_connect.driver.exceptions import Error

    from sinks import clickhouse, migrate

    try:
        with clickhouse.client(settings, database=False, within_s=int(ANSWER_S)) as client:
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


async def _groups(settings: Settings, broker: list[Check]) -> list[Check]:
    """Whether the workers keep up, where there are a broker and topics to ask."""
    if not broker[0].well or any(check.seen.startswith("missing: ") for check in broker):
        return []
    return list(await asyncio.gather(_group(settings, "streams"), _group(settings, "sinks")))


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
