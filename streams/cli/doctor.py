"""``emissions doctor``: which part of a deployment is missing, and what to do about it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from streams.cli.errors import broker_sentence, clickhouse_sentence, masked
from streams.cli.output import format_option, show_rows
from streams.cli.running import run

if TYPE_CHECKING:
    from streams.doctor.check import Check, State
    from streams.settings import Settings

_TALLEST = 20
"""Lines of a sentence beside its part: it is read better there than in a record."""


@click.command("doctor")
@format_option
def command(form: str) -> None:
    """Look at every part of a deployment; exit 1 and say what to do if one is missing.

    Looks at the brokers and their settings, the topics with their configuration and replicas,
    the members of both consumer groups, what they own and whether they keep up, the age of the
    last ticks, the schema registry, ClickHouse and its migrations. It changes nothing. UNSEEN
    means that nobody was allowed to look, or no answer came: exit 1 as well. A RISK does not
    change the exit code.

    \b
    Examples:
      emissions doctor
      EMISSIONS_BROKER=kafka:9092 emissions doctor --format json
    """
    from streams.settings import Settings

    settings = Settings.from_env()
    checks = run(_examine(settings))
    rows = [
        {"part": c.part, "state": c.state, "seen": masked(c.seen), "do": masked(c.remedy)}
        for c in checks
    ]
    if form == "table":
        for row in rows:  # what to do stands under what was seen
            row["seen"] += f"\n> {row['do']}" if row["do"] else ""
    show_rows(rows, ("state", "part", "seen"), form, tallest=_TALLEST)
    if not all(check.well for check in checks):
        raise click.exceptions.Exit(1)


async def _examine(settings: Settings) -> list[Check]:
    from streams.doctor.clickhouse import look_at_clickhouse

    broker, schemas, clickhouse = await asyncio.gather(
        _broker(settings),
        asyncio.to_thread(_schemas, settings),
        asyncio.to_thread(look_at_clickhouse, settings, clickhouse_sentence),
    )
    return [*broker, schemas, *clickhouse]


def _schemas(settings: Settings) -> Check:
    from streams.doctor.check import Check
    from streams.schema_registry import look_at_schemas

    found = look_at_schemas(settings)
    state: State = "ok" if found.well else "RISK" if found.risk else "MISSING"
    return Check("schemas", state, found.seen, found.remedy)


async def _broker(settings: Settings) -> list[Check]:
    """The brokers and what is on them, or the sentence that says why they cannot be asked."""
    from aiokafka.errors import ClusterAuthorizationFailedError, KafkaError

    from streams.broker_settings import broker_risks
    from streams.doctor.check import ANSWER_S, Check
    from streams.doctor.reach import unreached

    away = await unreached(settings)
    state: State = "MISSING" if len(away) == len(settings.broker_addresses) else "RISK"
    checks = [Check("broker", state, why, remedy) for why, remedy in away.values()]
    if state == "MISSING":
        return checks
    answering = [each for each in settings.broker_addresses if each not in away]
    checks.append(Check("broker", "ok", f"{', '.join(answering)} answers"))
    try:
        async with asyncio.timeout(ANSWER_S):
            risks = await broker_risks(settings)
        checks += [Check("broker", "RISK", risk.what, risk.remedy) for risk in risks]
        topics = await _topics(settings)
    except ClusterAuthorizationFailedError:
        remedy = "allow this user DESCRIBE on the cluster (kafka-acls.sh)"
        return [*checks, Check("broker", "UNSEEN", "not allowed to look at the cluster", remedy)]
    except (KafkaError, OSError, TimeoutError) as error:
        why = broker_sentence(error) if str(error) else f"no answer within {ANSWER_S:g} s"
        return [*checks, Check("broker", "MISSING", why, "look at the log of the broker")]
    if any(check.seen.startswith("missing: ") for check in topics):
        return [*checks, *topics]
    return [*checks, *topics, *await _workers(settings)]


async def _topics(settings: Settings) -> list[Check]:
    from streams.doctor.check import Check
    from streams.topic_differences import compare_topics

    told = await compare_topics(settings)
    missing = [d for d in told if d.kind == "missing"]
    checks = []
    if missing:
        names = ", ".join(d.topic for d in missing)
        checks.append(Check("topics", "MISSING", f"missing: {names}", missing[0].remedy))
    for d in told:
        if d.kind in ("broken", "risk"):
            checks.append(Check("topics", "MISSING" if d.breaks else "RISK", d.what, d.remedy))
        elif d.kind == "hidden":
            checks.append(Check("topics", "UNSEEN", d.what, d.remedy))
    if not checks:
        seen = f"all are there, with {settings.partitions} partitions and the settings they need"
        checks.append(Check("topics", "ok", "; ".join([seen, *(d.what for d in told)])))
    return checks


async def _workers(settings: Settings) -> list[Check]:
    """Whether the workers run and keep up, and whether time goes on."""
    from streams.doctor.groups import look_at_group
    from streams.doctor.holds import look_at_holds
    from streams.doctor.ticks import ids_to_look_with, look_at_readings

    looks = (
        look_at_group(settings, "streams"),
        look_at_group(settings, "sinks"),
        look_at_holds(settings),
        look_at_readings(settings, ids_to_look_with(settings)),
    )
    return [check for found in await asyncio.gather(*looks) for check in found]
