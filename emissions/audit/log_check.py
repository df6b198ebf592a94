"""Compare the transparency log with the topics: each record a leaf, each leaf a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from aiokafka import TopicPartition

from emissions.audit.check import AuditCheck, first_named
from schemas.codec import Codec
from streams.core.evidence.leaf import Leaf, LeafKind, read_entry
from streams.kafka.clients import consumer_of
from streams.kafka.partitions import PartitionId
from streams.kafka.reader import ends_of, read_log
from streams.rules.country import load_country
from streams.sealing.log_files import LogError, LogFiles
from streams.sealing.log_writer import read_state
from streams.sealing.records import LeafReader, UnsealedError
from streams.settings import Settings

LeafKey = tuple[LeafKind, str, int]
"""Kind, id and revision of a leaf."""
PART = "log"


class LeafComparison:
    """Leaves by kind, id and revision: those of the log, and those that the topics give."""

    def __init__(self, leaves: Iterable[Leaf]) -> None:
        self._log: dict[LeafKey, set[bytes]] = {}
        self._topics: dict[LeafKey, set[bytes]] = {}
        for leaf in leaves:
            self._log.setdefault(leaf[:3], set()).add(leaf.digest)

    def take(self, leaf: Leaf) -> None:
        """Add the leaf of a record."""
        self._topics.setdefault(leaf[:3], set()).add(leaf.digest)

    def checks(self) -> list[AuditCheck]:
        """Return a check for each kind of leaf that the topics have."""
        kinds: tuple[LeafKind, ...] = ("registration", "root", "violation", "case")
        return [self._check(kind) for kind in kinds if self._count(kind)]

    def _count(self, kind: LeafKind) -> int:
        return sum(key[0] == kind for key in self._log.keys() | self._topics.keys())

    def _check(self, kind: LeafKind) -> AuditCheck:
        wrong = []
        newest: dict[str, int] = {}  # a registration that was replaced may be compacted away
        for _, identity, revision in (key for key in self._topics if key[0] == "registration"):
            newest[identity] = max(newest.get(identity, -1), revision)
        for key in sorted(self._log.keys() | self._topics.keys()):
            if key[0] != kind:
                continue
            sealed, there = self._log.get(key, set()), self._topics.get(key, set())
            name = f"{kind} {key[1]}, revision {key[2]}"
            if not sealed:
                wrong.append(f"{name}: is missing in the log")
            elif not there:
                if kind != "registration" or newest.get(key[1], -1) < key[2]:
                    wrong.append(f"{name}: is in the log, and the topic has no such record")
            elif sealed != there:
                wrong.append(f"{name}: was altered: the log has another hash of it")
        return AuditCheck(PART, f"{kind}s", f"{self._count(kind)} leaves", first_named(wrong))


async def check_transparency_log(settings: Settings, codec: Codec) -> list[AuditCheck]:
    """Compare the log with the topics, as far as it is sealed; nothing where there is no log.

    Raises LookupError for a missing topic, and the errors of Kafka and of the schema registry.
    """
    if settings.log_path is None:
        return []
    files = LogFiles(Path(settings.log_path))
    try:
        state = read_state(files.directory)
        leaves = [] if state is None else [read_entry(each) for each in files.entries(state.size)]
    except (LogError, OSError, ValueError) as error:
        return [AuditCheck(PART, settings.log_path, "not compared", [str(error)])]
    if state is None:
        return [AuditCheck(PART, settings.log_path, "not compared", ["nothing is sealed yet"])]
    sealed = state.of_partitions()
    compared = LeafComparison(leaves)
    reader = LeafReader(settings, codec, load_country(settings.rules))
    ends = await ends_of(settings, *reader.topics)
    upto = {tp: min(end, sealed.get((tp.topic, tp.partition), 0)) for tp, end in ends.items()}
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, upto):
            try:
                leaf = reader.leaf(record)
            except UnsealedError:
                continue  # the checks of results name it
            if leaf is not None:
                compared.take(leaf)
    return [_how_far(len(leaves), sealed, ends), *compared.checks()]


def _how_far(
    size: int, sealed: Mapping[PartitionId, int], ends: Mapping[TopicPartition, int]
) -> AuditCheck:
    """Say how far the topics are sealed, and name those that end before that."""
    behind, wrong = 0, []
    for tp, end in sorted(ends.items()):
        offset = sealed.get((tp.topic, tp.partition), 0)
        behind += max(0, end - offset)
        if offset > end:
            wrong.append(f"{tp.topic}[{tp.partition}] ends at {end}, sealed was up to {offset}")
    seen = f"{size} leaves" + (f", {behind} records not sealed yet" if behind else "")
    return AuditCheck(PART, "topics", seen, wrong)
