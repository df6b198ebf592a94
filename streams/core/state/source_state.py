"""Holds the state of one source other than its hours; written with every batch, so kept small."""

from __future__ import annotations

import msgspec

from streams.core.quality.authenticity import ChainPlace
from streams.core.records.revision import PublishedRevision
from streams.core.state.day_tallies import DayTallies
from streams.core.state.year_mass import YearPrefix, YearTotal
from streams.core.time.interval import Interval
from streams.core.windows.aggregate import SlotAggregate
from streams.core.windows.open_windows import OpenWindow


class PublishedGap(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """The last revision of a gap; times in ms."""

    parameter: str | None
    start: int
    end: int | None
    status: str
    revision: int


class PublishedViolation(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """The last revision of a violation that may outlive the hours: a run or an outage."""

    rule: str
    parameter: str | None
    start: int
    end: int | None
    published: PublishedRevision

    def is_outage_in(self, start: int, end: int) -> bool:
        """Tell whether it is an outage that meets ``[start, end)``."""
        meets = self.start < end and (self.end is None or start < self.end)
        return self.parameter is None and meets


class PublishedFinding(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """The last revision of a finding; times in ms."""

    kind: str
    parameter: str | None
    start: int
    end: int | None
    published: PublishedRevision


class ForeignSoftware(msgspec.Struct, array_like=True):
    """What is known of software that is not the registered one, by the readings that name it.

    ``until`` is the latest end of their intervals (ms), ``finding`` the last revision told.
    """

    until: int
    finding: PublishedFinding


class RunPrefix(msgspec.Struct, array_like=True):
    """The evicted beginning of a run that goes on: its start, its limit, its aggregated slots."""

    start: int
    end: int
    limit: float
    validated_by: float | None  # confidence interval, percent of the limit
    slots: SlotAggregate


class UsedMessage(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A message that a finding rests on: its offset, and the evidence hash of it alone."""

    offset: int
    sha256: bytes


class DeviceUse(msgspec.Struct, array_like=True):
    """The use of a listed device that no verification covers, as its accepted readings show it.

    ``since`` is the end of its last verification (``BEGINNING``: it had none), ``start`` that of
    the first such reading, ``end`` the end of the last one's interval; ``time`` is that of all of
    them; ms. ``number`` is that of the verification that has lapsed. ``held``: all of its readings
    are contradicted. ``told`` is the last message of what was published.
    """

    rule: str
    serial: str
    since: int
    start: int
    end: int
    time: int
    first: UsedMessage
    last: UsedMessage
    number: str | None = None
    held: bool = False
    published: PublishedViolation | None = None
    told: UsedMessage | None = None

    def rests_on(self, start: int, end: int) -> bool:
        """Tell whether nothing is left of it without the readings in ``[start, end)``."""
        return self.held and self.start < end and start < self.end


class SourceState(msgspec.Struct, array_like=True):
    """Holds the state of one source; instants and intervals in ms.

    ``covered`` are the runs of accepted readings, ``covered_channels`` those of each channel's
    valid values, both merged up to `MERGE_DISTANCE`. ``stoppages`` is the time that readings report
    as not normal. ``first_reading`` is the first reading's start. ``truncated`` names the channels
    (and the source itself) whose earliest runs were evicted, so that nothing is computed before the
    first that is left. ``evicted_until`` is the end of the last evicted hour, ``runs_due`` the
    stream time that may close a run, ``conflicts`` where readings contradict the accepted one of
    their interval (`streams.core.quality.conflict`). ``published_findings`` are those of the source
    by id (`streams.core.judging.finding`). ``device_uses`` are those of unverified devices, by
    rule, end of the last verification and serial. ``years`` are the sealed hours by calendar year,
    ``year_totals`` the masses that a limit in t/a is compared with, by year and parameter
    (`streams.core.state.year_mass`). ``day_tallies`` are counts of days, by rule and parameter, for
    rules that look at a year. ``foreign_software`` is what readings name that is not registered, by
    checksum (`streams.core.engine.software`). ``chain`` is where its signed chain is.
    """

    first_reading: int | None = None
    last_offset: int = -1
    covered: list[Interval] = msgspec.field(default_factory=list)
    covered_channels: dict[str, list[Interval]] = msgspec.field(default_factory=dict)
    stoppages: list[Interval] = msgspec.field(default_factory=list)
    open_windows: list[OpenWindow] = msgspec.field(default_factory=list)
    gaps: dict[str, PublishedGap] = msgspec.field(default_factory=dict)
    violations: dict[str, PublishedViolation] = msgspec.field(default_factory=dict)
    run_prefixes: dict[str, RunPrefix] = msgspec.field(default_factory=dict)
    truncated: set[str] = msgspec.field(default_factory=set)
    evicted_until: int = -(1 << 62)
    runs_due: int = 0
    conflicts: list[Interval] = msgspec.field(default_factory=list)
    published_findings: dict[str, PublishedFinding] = msgspec.field(default_factory=dict)
    device_uses: dict[str, DeviceUse] = msgspec.field(default_factory=dict)
    years: dict[int, YearPrefix] = msgspec.field(default_factory=dict)
    year_totals: dict[str, YearTotal] = msgspec.field(default_factory=dict)
    day_tallies: dict[str, DayTallies] = msgspec.field(default_factory=dict)
    foreign_software: dict[str, ForeignSoftware] = msgspec.field(default_factory=dict)
    chain: ChainPlace | None = None
