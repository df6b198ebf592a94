"""Check the room on the disks of the brokers, as they tell it themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from aiokafka.errors import ClusterAuthorizationFailedError, KafkaError

from emissions.doctor import disk
from emissions.doctor.check import ANSWER_S, PartCheck
from streams.kafka.log_dirs import BrokerDisks, log_dirs
from streams.settings import Settings

_LOOK = "look at it there: df -h of its log.dirs"


async def look_at_broker_disks(settings: Settings) -> list[PartCheck]:
    """Ask every broker for the room on its disks, and judge it. Never raises."""
    try:
        async with asyncio.timeout(ANSWER_S * 2):
            told = await log_dirs(settings)
    except ClusterAuthorizationFailedError:
        what = "access to the disks of the brokers denied"
        remedy = "allow this user DESCRIBE on the cluster (kafka-acls.sh)"
        return [PartCheck(disk.PART, "UNSEEN", what, remedy)]
    except (KafkaError, OSError, TimeoutError) as error:
        why = str(error) or f"no answer within {ANSWER_S * 2:g} s"
        return [PartCheck(disk.PART, "UNSEEN", f"the disks of the brokers: {why}", "try again")]
    return list(checks(told))


def checks(told: BrokerDisks) -> Iterator[PartCheck]:
    """Judge what brokers told of their disks, and say which told nothing."""
    for each in told.found:
        where = f"{each.broker} ({each.path})"
        if each.error:
            what = f"{where} is offline: error {each.error} of Kafka"
            remedy = "see the broker's log; mend or replace that disk, and start the broker again"
            yield PartCheck(disk.PART, "MISSING", what, remedy)
        elif each.total is None or each.free is None:
            yield PartCheck(disk.PART, "RISK", f"{where}: its room is not told", _LOOK)
        else:
            remedy = "add a disk or a broker: a full one stops; never shorten what topics keep"
            yield disk.judged(disk.Room(where, each.total, each.free, remedy))
    if told.untold:
        what = f"{'; '.join(told.untold)}: its disks are not told (Apache Kafka 3.3 and newer do)"
        yield PartCheck(disk.PART, "RISK", what, _LOOK)
    for broker, why in told.failed.items():
        yield PartCheck(disk.PART, "UNSEEN", f"the disks of {broker}: {why}", f"try again; {_LOOK}")
