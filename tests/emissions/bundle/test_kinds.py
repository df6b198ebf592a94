"""Bundles of every kind of case, collected from a store and judged again: none differs."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import msgspec
import pytest

from emissions.bundle.collect import Collector, Law
from emissions.bundle.material import Value, bundle_of
from emissions.explain.registrations import RegistrationMessage, registered
from emissions.explain.store import Store
from emissions.verify.run import verify_bundle
from sinks.clickhouse import client
from streams.core.cases.scene import CasePolicy
from streams.core.law.policy import Policy
from streams.core.registry.enterprise import Asm, Channel, Device, Enterprise, Verification
from streams.core.sources.notices import NoticeHistory
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.registry.avro import RECORD, enterprise_to_record
from streams.rules.calendar import load_calendar
from streams.rules.country import home
from streams.rules.packed import pack_rules
from tests.core.examples import (
    BIN,
    CODEC,
    RULES,
    SO2,
    TOPIC,
    Log,
    connected,
    fold,
    limit,
    local,
    obliged,
    reading,
    source,
)
from tests.emissions.bundle.stored import Stored, empty, store
from tests.emissions.verify.made import sealed
from tests.support.clickhouse import TestClickHouse

pytestmark = pytest.mark.process
DAY_START = local("2026-05-04")


class Kind(NamedTuple):
    """A log and the registrations before and in it, with the rule and the last state of a case."""

    rule: str
    state: str
    works: tuple[tuple[int, Enterprise], ...]
    log: Log


def ticked(log: Log, until: int) -> Log:
    """Let time pass, an hour at a time."""
    at = max(each.timestamp for each in log.records)
    while at < until:
        at += HOUR
        log.tick(at)
    return log


def year() -> Kind:
    """A limit of 0.1 t a year, passed after three hours of 10 g/s."""
    flow = Channel("FLOW", "Nm3/s", range=(0.0, 1000.0))
    stack = source(channels=(SO2, flow), limits=(limit(500.0), limit(0.1, unit="t/a")))
    log = Log().tick(DAY_START - MINUTE)
    for at in range(36):
        item = reading(DAY_START + at * 10 * MINUTE, values={"SO2": 100.0, "FLOW": 100.0})
        log.add(item)
    return Kind(
        "KZ-YEAR", "OPEN", ((DAY_START - DAY, connected(stack)),),
        ticked(log, DAY_START + 6 * DAY),
    )  # fmt: skip


def year_alone() -> Kind:
    """The same without a limit in mg/m3: then no hour of mass flow is published."""
    made = year()
    ((at, works),) = made.works
    (stack,) = works.sources
    alone = msgspec.structs.replace(stack, limits=stack.limits[1:])
    return made._replace(works=((at, connected(alone)),))


def no_asm() -> Kind:
    """An obliged enterprise that has nothing installed."""
    log = ticked(Log().tick(DAY_START - MINUTE), DAY_START + 6 * DAY)
    return Kind("KZ-NOASM", "OPEN", ((DAY_START - DAY, obliged()),), log)


def no_link() -> Kind:
    """An obliged enterprise that installed its system and is not connected."""
    works = obliged(asm=Asm("2024-01-01", None))
    log = ticked(Log().tick(DAY_START - MINUTE), DAY_START + 6 * DAY)
    return Kind("KZ-NOLINK", "OPEN", ((DAY_START - DAY, works),), log)


def unverified() -> Kind:
    """Readings of a device whose verification ended the day before."""
    device = Device("Analyser", "A-17", Verification("V-1", "2025-05-04", "2026-05-03"))
    log = Log().tick(DAY_START - MINUTE)
    for at in range(36):
        log.add(reading(DAY_START + at * 10 * MINUTE, device_serial="A-17"))
    works = connected(source(devices=(device,)))
    return Kind("KZ-VERIF", "OPEN", ((DAY_START - DAY, works),), ticked(log, DAY_START + 6 * DAY))


def withdrawn() -> Kind:
    """An obliged enterprise that says two days later that it was connected in time."""
    log = ticked(Log().tick(DAY_START - MINUTE), DAY_START + 6 * DAY)
    better = obliged(asm=Asm("2020-01-01", "2020-01-01"))
    return Kind(
        "KZ-NOASM",
        "WITHDRAWN",
        ((DAY_START - DAY, obliged()), (DAY_START + 2 * DAY, better)),
        log,
    )


def judged(kind: Kind) -> Stored:
    """Judge a log record by record."""
    messages = [
        RegistrationMessage(
            "emissions.registry",
            0,
            7 + at,
            arrived,
            CODEC.encode(RECORD, enterprise_to_record(each)),
        )
        for at, (arrived, each) in enumerate(kind.works)
    ]
    notices = NoticeHistory(load_calendar("KZ"))
    registry = registered(messages, BIN, CODEC, home(), notices)
    records = kind.log.records
    found = fold(kind.log, registry, range(1, len(records)))
    roots = [
        Value(f"{each.source_id}|{each.day}", each.revision, CODEC.encode("SourceDayRoot", each))
        for each in found.roots
    ]
    return Stored(
        messages,
        [each for each in records if each.key is not None],
        found.violations,
        found.cases,
        {each.offset: each.reason for each in found.dead_letters},
        roots,
        found.means,
    )


def packed(version: str) -> bytes | None:
    return pack_rules() if version == RULES.version else None


KINDS = (year, year_alone, no_asm, no_link, unverified, withdrawn)


async def test_a_bundle_of_each_kind_is_judged_again_and_equal(clickhouse: TestClickHouse) -> None:
    with client(clickhouse.settings) as asked:
        facts = Store(asked, CODEC, RULES, Policy(), TOPIC)
        collector = Collector(facts, CODEC, Law(packed, Policy(), CasePolicy()))
        for made in KINDS:  # one database for all: its migrations take longest
            kind = made()
            await check_kind(clickhouse, collector, kind, added_up=made is not year_alone)
            empty(clickhouse)


async def check_kind(
    clickhouse: TestClickHouse, collector: Collector, kind: Kind, *, added_up: bool
) -> None:
    """Store what a log gives, and verify the bundles of its case and of its violation."""
    what = judged(kind)
    own = {each.id for each in what.cases if rules_of(what, each.violations) == {kind.rule}}
    case = [each for each in what.cases if own == {each.id}][-1]
    assert case.state == kind.state, kind.rule
    await store(clickhouse, what)
    (name,) = {each.id for each in what.violations if each.rule == kind.rule}
    for material in (collector.case(UUID(case.id)), collector.violation(UUID(name))):
        assert material is not None
        found = verify_bundle(bundle_of(material, sealed(material)))
        assert [f"{each.code} {each.where}: {each.what}" for each in found.problems] == [
            "UNSIGNED statement.dsse.json: nobody vouches for the file as a whole"
        ], kind.rule
        assert found.judged is not None
        assert found.judged.violations == 1
        assert ("added up" in " ".join(found.judged.notes)) != added_up


def rules_of(what: Stored, names: tuple[str, ...]) -> set[str]:
    return {each.rule for each in what.violations if each.id in names}
