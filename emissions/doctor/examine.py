"""Every check of a deployment, in the order in which the parts depend on each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiokafka.errors import ClusterAuthorizationFailedError, KafkaError

from emissions.doctor.access import look_at_access
from emissions.doctor.broker_disks import look_at_broker_disks
from emissions.doctor.certificates import look_at_certificates
from emissions.doctor.check import ANSWER_S, PartCheck, PartState
from emissions.doctor.clickhouse import look_at_clickhouse
from emissions.doctor.clocks import look_at_clocks
from emissions.doctor.disk import look_at_disks
from emissions.doctor.groups import look_at_group, without_proof
from emissions.doctor.holds import look_at_holds
from emissions.doctor.reach import unreachable_brokers
from emissions.doctor.registrations import look_at_registrations
from emissions.doctor.seal import look_at_seal
from emissions.doctor.ticks import look_at_readings, schema_ids
from emissions.doctor.versions import look_at_broker_version, look_at_program
from streams.kafka.broker_check import broker_risks
from streams.kafka.schema_registry import check_subjects
from streams.kafka.topic_check import compare_topics
from streams.settings import Settings

Explain = Callable[[Exception], str]
"""Return the sentence a person is shown for an error of a client library."""


async def examine(
    settings: Settings, explain_broker: Explain, explain_clickhouse: Explain
) -> list[PartCheck]:
    """Check every part that the settings name, and this machine; change nothing."""
    broker, schemas, clickhouse, certificates = await asyncio.gather(
        _check_broker(settings, explain_broker),
        asyncio.to_thread(_check_schemas, settings),
        asyncio.to_thread(look_at_clickhouse, settings, explain_clickhouse),
        look_at_certificates(settings),
    )
    machine = [*certificates, *look_at_disks(settings), look_at_program()]
    return [*broker, schemas, *clickhouse, *machine]


def _check_schemas(settings: Settings) -> PartCheck:
    found = check_subjects(settings)
    state: PartState = "ok" if found.ok else "RISK" if found.risk else "MISSING"
    return PartCheck("schemas", state, found.sentence, found.remedy)


async def _check_broker(settings: Settings, explain: Explain) -> list[PartCheck]:
    """Check the brokers and what is on them; without a broker, say why it cannot be reached."""
    away = await unreachable_brokers(settings)
    state: PartState = "MISSING" if len(away) == len(settings.broker_addresses) else "RISK"
    checks = [PartCheck("broker", state, why, remedy) for why, remedy in away.values()]
    if state == "MISSING":
        return checks
    answering = [each for each in settings.broker_addresses if each not in away]
    checks.append(PartCheck("broker", "ok", f"{', '.join(answering)} answers"))
    checks += look_at_access(settings)
    checks += await look_at_broker_version(settings)
    try:
        async with asyncio.timeout(ANSWER_S):
            risks = await broker_risks(settings)
        checks += [PartCheck("broker", "RISK", risk.what, risk.remedy) for risk in risks]
        topics = await _check_topics(settings)
    except ClusterAuthorizationFailedError:
        remedy = "allow this user DESCRIBE on the cluster (kafka-acls.sh)"
        return [
            *checks,
            PartCheck("broker", "UNSEEN", "access to the cluster denied", remedy),
        ]
    except (KafkaError, OSError, TimeoutError) as error:
        why = explain(error) if str(error) else f"no answer within {ANSWER_S:g} s"
        return [*checks, PartCheck("broker", "MISSING", why, "check the log of the broker")]
    disks = await look_at_broker_disks(settings)
    if any(check.seen.startswith("missing: ") for check in topics):
        return [*checks, *topics, *disks]
    return [*checks, *topics, *await _check_workers(settings), *disks]


async def _check_topics(settings: Settings) -> list[PartCheck]:
    told = await compare_topics(settings)
    missing = [d for d in told if d.kind == "missing"]
    checks = []
    if missing:
        names = ", ".join(d.topic for d in missing)
        checks.append(PartCheck("topics", "MISSING", f"missing: {names}", missing[0].remedy))
    for d in told:
        if d.kind in ("broken", "risk"):
            checks.append(PartCheck("topics", "MISSING" if d.breaks else "RISK", d.what, d.remedy))
        elif d.kind == "hidden":
            checks.append(PartCheck("topics", "UNSEEN", d.what, d.remedy))
    if not checks:
        seen = f"all exist, with {settings.partitions} partitions and the required settings"
        checks.append(PartCheck("topics", "ok", "; ".join([seen, *(d.what for d in told)])))
    return checks


async def _check_workers(settings: Settings) -> list[PartCheck]:
    """Check that the workers run and keep up, and that ticks advance stream time."""
    streams, sinks, seal, holds, known, readings, clocks = await asyncio.gather(
        look_at_group(settings, "streams"),
        look_at_group(settings, "sinks"),
        look_at_seal(settings),
        look_at_holds(settings),
        look_at_registrations(settings),
        look_at_readings(settings, schema_ids(settings)),
        look_at_clocks(settings),
    )
    groups = without_proof([*streams, *sinks], readings)
    return [*groups, *seal, *holds, *known, *readings, *clocks]
