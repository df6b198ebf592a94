"""The cases of one partition: of each source, and of each enterprise for its duties.

They come after everything else of a span of the log: what the span has published and refused, and
the moments that it has passed. Without anything of that a subject costs nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from operator import attrgetter
from typing import NamedTuple

from streams.core.cases.rules import CASE_RULES, run_window_of
from streams.core.cases.scene import CaseLaw, CaseScene, CaseSubject, PendingMark
from streams.core.cases.state_bytes import decode_cases
from streams.core.engine.case_tracker import CaseTracker, SpanClock, Told
from streams.core.judging.context import Context
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Violation
from streams.core.registry.notice import MARK
from streams.core.sources.history import RegistryHistory
from streams.core.sources.source import SourceEntry
from streams.core.state.uncommitted import UncommittedState
from streams.core.time.interval import FOREVER
from streams.core.time.timers import Timers

_revised_at = attrgetter("revised_at")


class SubjectName(NamedTuple):
    """Whom cases are about: a source of an enterprise, or (no source) the enterprise itself."""

    bin: str
    source_id: str | None

    def __str__(self) -> str:
        return f"{self.bin}/{self.source_id or ''}"

    @classmethod
    def of(cls, text: str) -> SubjectName:
        """Return the subject that `str` wrote."""
        bin_, _, source_id = text.partition("/")
        return cls(bin_, source_id or None)


class PartitionCases:
    """Runs the tracker of each subject of one partition; ``prefix`` begins its state keys."""

    def __init__(
        self,
        context: Context,
        registry: RegistryHistory,
        law: CaseLaw,
        prefix: str,
        saved: UncommittedState,
        saved_keys: Iterable[str],
        contradicted: Callable[[], Collection[str]],
    ) -> None:
        """``contradicted`` returns the ids of the marks that the data deny, as of now."""
        self._context = context
        self._registry = registry
        self._law = law
        self._contradicted = contradicted
        self._subject_prefix, self._case_prefix = f"{prefix}cases/", f"{prefix}case/"
        self._saved = saved
        self._trackers: dict[str, CaseTracker] = {}
        self._of_case: dict[str, str] = {}
        self._timers = Timers()
        self._unsaved: set[str] = set()
        self._noted = 0
        self._measures_seen = len(law.measures.added)
        self._marks: tuple[int, frozenset[str]] = (-1, frozenset())
        self._found: list[AdministrativeCase] = []
        subjects, cases = set(), defaultdict(list)
        for key in saved_keys:
            if key.startswith(self._subject_prefix):
                subjects.add(key.removeprefix(self._subject_prefix))
            elif key.startswith(self._case_prefix):
                name, _, identity = key.removeprefix(self._case_prefix).rpartition("/")
                cases[name].append(identity)
        for name in sorted(subjects | cases.keys()):
            self._start(name, cases.get(name, ()))

    def _start(self, name: str, cases: Iterable[str] = ()) -> CaseTracker:
        key, prefix = f"{self._subject_prefix}{name}", f"{self._case_prefix}{name}/"
        saved = (self._saved.get(f"{prefix}{identity}") for identity in cases)
        state = decode_cases(self._saved.get(key), (each for each in saved if each is not None))
        found = self._trackers[name] = CaseTracker(key, prefix, state)
        self._of_case.update(dict.fromkeys(found.cases, name))
        return found

    def follow_registry(self, now: int) -> None:
        """Take over the registrations that have arrived by stream time ``now``."""
        for name in self._trackers:
            self._reschedule(name, now)

    def process(self, clock: SpanClock, refused: Mapping[str, list[tuple[int, int]]]) -> None:
        """Take over what a span of the log has published, and what time has brought about.

        ``refused`` are the stream times and arrivals of the dead-lettered messages of each source.
        """
        told = self._told(clock, refused)
        self._follow_measures(clock.end)
        self._follow_marks(clock.end)
        names = dict.fromkeys(told)
        names.update((name, None) for _, name in self._timers.expired(clock.over))
        for name in names:
            tracker = self._trackers.get(name) or self._start(name)
            scene = self._scene(SubjectName.of(name), clock.end)
            if tracker.due == FOREVER and name in told:
                tracker.schedule(scene)
            found = tracker.process(scene, clock, told.get(name, Told()))
            self._of_case.update((each.id, name) for each in found)
            self._found += found
            self._timers.schedule(name, tracker.due)
            self._unsaved.add(name)

    def _told(
        self, clock: SpanClock, refused: Mapping[str, list[tuple[int, int]]]
    ) -> dict[str, Told]:
        """Gather what the span says of each subject."""
        publisher = self._context.publisher
        violations: dict[str, list[Violation]] = defaultdict(list)
        late: set[tuple[str, int]] = set()
        for number, each in enumerate(publisher.published_since(self._noted), self._noted):
            if each.rule in CASE_RULES:
                violations[str(SubjectName(each.bin, each.source_id))].append(each)
                if publisher.is_by_data(number):
                    late.add((each.id, each.revision))
        self._noted = publisher.count
        by_data = frozenset(late)
        found = {name: Told(own, (), by_data) for name, own in violations.items()}
        for source_id, times in refused.items():
            entry = self._registry.last_known(source_id, clock.end)
            if entry is not None and not entry.test:
                name = str(SubjectName(entry.enterprise.bin, source_id))
                found[name] = found.get(name, Told())._replace(refused=times)
        return found

    def _follow_measures(self, now: int) -> None:
        """Wake the subjects of the cases on which measures have become known."""
        measures = self._law.measures
        if len(measures.added) == self._measures_seen:
            return
        new = measures.added[self._measures_seen :]
        self._measures_seen = len(measures.added)
        identities = dict.fromkeys(each.measure.id for each in new)
        cases = (case for identity in identities for case in measures.cases_of(identity))
        for name in dict.fromkeys(self._of_case.get(case) for case in cases):
            if name is not None:
                self._reschedule(name, now)

    def _follow_marks(self, now: int) -> None:
        """Wake the subjects about which marks have become known, or are denied by the data."""
        notices = self._registry.notices
        marks = notices.version, frozenset(self._contradicted())
        if marks == self._marks:
            return
        self._marks = marks
        for name in self._trackers:
            source_id = SubjectName.of(name).source_id
            if source_id is not None and notices.of_source(source_id):
                self._reschedule(name, now)

    def _reschedule(self, name: str, now: int) -> None:
        scene = self._scene(SubjectName.of(name), now)
        self._timers.schedule(name, self._trackers[name].schedule(scene))

    def _scene(self, name: SubjectName, now: int) -> CaseScene:
        """Return what the cases of a subject follow from, as registered at ``now``."""
        policy, law = self._context.policy, self._law
        registered = self._registry.enterprise(name.bin, now)
        enterprise = None if registered is None else registered.enterprise
        investor = enterprise is not None and enterprise.investor_register
        entry = None
        if name.source_id is not None:
            entry = self._registry.last_known(name.source_id, now)
        if entry is None:
            subject = CaseSubject(*name, self._context.zone, investor=investor)
            return CaseScene(subject, law.payment, law.calendar, law.measures, policy, law.terms)
        subject = CaseSubject(*name, entry.zone, run_window_of(entry.cadence_s), investor)
        marks = tuple(self._marks_on(name.bin, entry))
        return CaseScene(subject, law.payment, law.calendar, law.measures, policy, law.terms, marks)

    def _marks_on(self, bin_: str, entry: SourceEntry) -> Iterable[PendingMark]:
        """Yield the marks of an operator on a source that keep their term, and until when."""
        history, policy = self._registry.notices, self._context.policy
        for received in history.of_source(entry.id):
            notice = received.notice
            if notice.kind != MARK or notice.bin != bin_:
                continue
            mark = history.mark(received, entry, FOREVER)
            if mark is None:
                continue
            until = mark.end + policy.max_lateness
            back = history.taken_back(received, entry, FOREVER)
            if back is not None:
                until = min(until, back.arrived_at)
            if notice.id in self._contradicted():
                until = min(until, mark.end + policy.grace)
            yield PendingMark(max(mark.start, mark.since), mark.end, received.arrived_at, until)

    def drain(self) -> list[AdministrativeCase]:
        """Return the new revisions since the last call, in the order of their moments."""
        found, self._found = self._found, []
        return sorted(found, key=_revised_at)

    def end_batch(self) -> None:
        """Begin with the next batch, whose violations are counted from 0."""
        self._noted = 0

    def save(self) -> dict[str, bytes | None]:
        """Encode what has changed since the last call, by key of the state; None: deleted."""
        state: dict[str, bytes | None] = {}
        for name in sorted(self._unsaved):
            for key, encoded in self._trackers[name].save():
                if encoded is None:
                    if self._saved.delete(key):
                        state[key] = None
                elif self._saved.get(key) != encoded:
                    self._saved.put(key, encoded)
                    state[key] = encoded
        self._unsaved.clear()
        return state
