"""What a log and the topics say of each other: missing, altered, added, compacted away."""

from __future__ import annotations

from pathlib import Path

import pytest

from emissions.audit.check import AuditCheck
from emissions.audit.log_check import LeafComparison, check_transparency_log
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.evidence.leaf import Leaf
from streams.sealing.log_writer import LogWriter
from streams.sealing.records import sealed_topics
from streams.settings import Settings
from tests.sealing.published import registration, violation
from tests.support.broker import TestBroker
from tests.support.streams_process import own_settings

ONE, TWO = violation(1)[2], violation(2)[2]


def compared(log: list[Leaf], topics: list[Leaf]) -> dict[str, AuditCheck]:
    found = LeafComparison(log)
    for leaf in topics:
        found.take(leaf)
    return {check.place: check for check in found.checks()}


def test_equal_ones_have_no_difference() -> None:
    found = compared([ONE, TWO], [TWO, ONE, ONE])
    assert found["violations"].holds
    assert found["violations"].seen == "2 leaves"
    assert compared([], []) == {}


@pytest.mark.parametrize(
    ("log", "topics", "said"),
    [
        ([ONE], [ONE, TWO], f"violation {TWO.id}, revision 1: is missing in the log"),
        ([ONE, TWO], [ONE], f"violation {TWO.id}, revision 1: is in the log, and the topic"),
        ([ONE, TWO], [ONE, TWO._replace(digest=bytes(32))], "was altered"),
        ([ONE], [ONE, ONE._replace(digest=bytes(32))], "was altered"),
    ],
)
def test_a_difference_is_named(log: list[Leaf], topics: list[Leaf], said: str) -> None:
    (difference,) = compared(log, topics)["violations"].differences
    assert said in difference


def test_a_registration_that_was_replaced_may_be_compacted_away() -> None:
    old, new, other = (registration(at)[2] for at in (3, 7, 9))
    assert compared([old, new], [new])["registrations"].holds
    (difference,) = compared([old, new, other], [new])["registrations"].differences
    assert "revision 9: is in the log, and the topic has no such record" in difference


@pytest.mark.process
async def test_the_log_of_a_deployment_is_compared(broker: TestBroker, tmp_path: Path) -> None:
    settings: Settings = own_settings(broker.address, log_path=str(tmp_path), partitions=1)
    codec = Codec(FileIds())
    await broker.create(*sealed_topics(settings))
    (empty,) = await check_transparency_log(settings, codec)
    assert empty.differences == ["nothing is sealed yet"]

    written = [violation(number) for number in range(3)]
    for key, value, _ in written:
        await broker.produce(settings.topic_violations, [value], key=key, partition=0)
    await broker.produce(settings.topic_violations, [b"nonsense"], partition=0)
    writer = LogWriter(tmp_path)
    place = (settings.topic_violations, 0)
    writer.append([leaf.entry() for _, _, leaf in written[:2]], {place: 2})
    found = {check.place: check for check in await check_transparency_log(settings, codec)}
    assert found["topics"].seen == "2 leaves, 2 records not sealed yet"
    assert found["violations"].holds

    writer.append([violation(9)[2].entry()], {place: 5})
    found = {check.place: check for check in await check_transparency_log(settings, codec)}
    assert len(found["violations"].differences) == 2
    (short,) = found["topics"].differences
    assert short == f"{settings.topic_violations}[0] ends at 4, sealed was up to 5"
    writer.close()
    nowhere = own_settings(broker.address)
    assert await check_transparency_log(nowhere, codec) == []
