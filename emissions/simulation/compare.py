"""Compare findings with the truth: precision and recall per kind, with every miss named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, NamedTuple

from emissions.simulation.compare_cases import compare_cases
from emissions.simulation.compare_suspicions import compare_suspicions
from emissions.simulation.results import PipelineResults, ResultRow, instant, text
from emissions.simulation.score import SHOWN, Score
from emissions.simulation.truth import Truth
from streams.core.time.local_clock import iso

_Key = tuple[Any, ...]


class Comparison(NamedTuple):
    """The scores of all kinds, in display order."""

    scores: tuple[Score, ...]

    @property
    def holds(self) -> bool:
        """Whether every exact kind that was judged has precision and recall 1.0."""
        return all(score.perfect for score in self.scores if score.judged and score.exact)


def compare(truths: Iterable[Truth], found: PipelineResults) -> Comparison:
    """Compare findings with the truth."""
    by_outcome: dict[str, list[Truth]] = {}
    for truth in truths:
        by_outcome.setdefault(truth.outcome, []).append(truth)

    def of(outcome: str) -> list[Truth]:
        return by_outcome.get(outcome, [])

    violations, gaps = list(found.violations), list(found.gaps)
    means = list(found.means)
    return Comparison(
        (
            *_violations(of("violation"), violations),
            *_gaps(of("gap"), gaps),
            *_dead_letters(of("dead-letter"), found.dead_letters),
            _duplicates(of("duplicate"), found.duplicates),
            _revisions(of("revision"), means),
            *_quality(of("quality"), means, judged=found.codes_known),
            *_nothing(of("nothing"), violations, gaps),
            *compare_cases(of("case"), found.cases, found.pending),
            *compare_suspicions(chain.from_iterable(by_outcome.values()), found.findings),
        )
    )


def _violations(truths: list[Truth], rows: list[ResultRow]) -> Iterable[Score]:
    expected: dict[str, dict[_Key, _Key]] = {}
    found: dict[str, dict[_Key, _Key]] = {}
    for truth in truths:
        key: _Key = (truth.source_id or truth.bin, truth.parameter, truth.start)
        expected.setdefault(truth.code, {})[key] = (
            truth.end, truth.status, truth.automatic, truth.deferred_until
        )  # fmt: skip
    for row in rows:
        rule = str(row["rule"])
        key = (text(row["source_id"]) or row["bin"], text(row["parameter"]), instant(row["start"]))
        wanted = expected.get(rule, {}).get(key)
        told = (
            instant(row["end"]),
            "OPEN" if row["status"] in ("OPEN", "AMENDED") else row["status"],
            bool(row["automatic"]),
            instant(row["deferred_until"]),
        )
        found.setdefault(rule, {})[key] = told if wanted is None else _as_asked(told, wanted)
    for rule in sorted(expected.keys() | found.keys()):
        yield _score(f"violation {rule}", expected.get(rule, {}), found.get(rule, {}))


def _as_asked(told: _Key, wanted: _Key) -> _Key:
    """Reduce findings to the fields that the truth specifies.

    ``wanted`` is end, status, automatic, deferred_until; the end is compared only for violations
    that are not open, because an open one ends where its rule says.
    """
    end, status, automatic, deferred = told
    return (
        wanted[0] if wanted[1] == "OPEN" else end,
        status if wanted[1] is not None else None,
        automatic if wanted[2] is not None else None,
        deferred if wanted[3] is not None else None,
    )


def _gaps(truths: list[Truth], rows: list[ResultRow]) -> Iterable[Score]:
    for name, of_channel in (("gap of a source", False), ("gap of a channel", True)):
        expected: dict[_Key, _Key] = {
            (truth.source_id, truth.parameter, truth.start): (truth.end, truth.status)
            for truth in truths
            if bool(truth.parameter) == of_channel
        }
        found: dict[_Key, _Key] = {
            (row["source_id"], text(row["parameter"]), instant(row["start"])): (
                instant(row["end"]),
                row["status"],
            )
            for row in rows
            if bool(row["parameter"]) == of_channel
        }
        yield _score(name, expected, found)


def _score(kind: str, expected: Mapping[_Key, _Key], found: Mapping[_Key, _Key]) -> Score:
    misses = [
        f"{_told(key)}: {'not found' if key not in found else _difference(found[key], answer)}"
        for key, answer in expected.items()
        if found.get(key) != answer
    ]
    extras = [_told(key) for key, answer in found.items() if expected.get(key) != answer]
    return Score(
        kind,
        len(expected),
        len(found),
        len(expected) - len(misses),
        misses=tuple(misses[:SHOWN]),
        extras=tuple(extras[:SHOWN]),
    )


def _told(key: _Key) -> str:
    return " ".join(_word(part) for part in key if part is not None)


def _word(part: Any) -> str:
    if isinstance(part, int) and not isinstance(part, bool) and part > 1_000_000_000_000:
        return iso(part)
    return str(part)


def _difference(told: _Key, wanted: _Key) -> str:
    pairs = [(a, b) for a, b in zip(told, wanted, strict=True) if a != b]
    return ", ".join(f"found with {_word(a)} instead of {_word(b)}" for a, b in pairs)


def _dead_letters(truths: list[Truth], rows: Iterable[ResultRow]) -> Iterable[Score]:
    without_source = ("UNDECODABLE", "UNKNOWN_SCHEMA")  # nobody can say whose they are
    expected: Counter[tuple[str, str | None]] = Counter()
    for truth in truths:
        expected[truth.code, truth.source_id] += truth.count
    found = Counter(
        (str(row["reason"]), None if row["reason"] in without_source else text(row["source_id"]))
        for row in rows
    )
    yield from _counted("dead letter", expected, found, lambda key: key[0])


def _counted(
    name: str,
    expected: Counter[Any],
    found: Counter[Any],
    code: Callable[[Any], str],
    *,
    judged: bool = True,
) -> Iterable[Score]:
    keys: dict[str, list[Any]] = {}
    for key in (*expected, *(key for key in found if key not in expected)):
        keys.setdefault(code(key), []).append(key)
    for reason in sorted(keys):
        misses, extras = [], []
        asked = answered = matched = 0
        for key in keys[reason]:
            wanted, told = expected[key], found[key]
            asked, answered, matched = asked + wanted, answered + told, matched + min(wanted, told)
            sentence = f"{_told(key[1:])}: {told} found, {wanted} expected".removeprefix(": ")
            if told < wanted:
                misses.append(sentence)
            elif told > wanted:
                extras.append(sentence)
        shown = (tuple(misses[:SHOWN]), tuple(extras[:SHOWN])) if judged else ((), ())
        yield Score(f"{name} {reason}", asked, answered, matched, judged, True, *shown)


def _duplicates(truths: list[Truth], dropped: int | None) -> Score:
    expected = sum(truth.count for truth in truths)
    told = dropped or 0
    return Score(
        "equal duplicates dropped", expected, told, min(expected, told), dropped is not None
    )


def _revisions(truths: list[Truth], means: list[ResultRow]) -> Score:
    """Score the hours that late readings reopened; one channel represents all of a source."""
    expected: dict[_Key, _Key] = {
        (truth.source_id, truth.parameter, truth.start): (truth.count,) for truth in truths
    }
    channel: dict[_Key, Any] = {(truth.source_id, truth.start): truth.parameter for truth in truths}
    found: dict[_Key, _Key] = {}
    for row in means:
        if row["window"] == "1h" and int(row["revision"]) > 1:
            key = (row["source_id"], instant(row["start"]))
            if channel.setdefault(key, row["parameter"]) == row["parameter"]:
                found[key[0], row["parameter"], key[1]] = (int(row["revision"]),)
    return _score("hours revised for late readings", expected, found)


def _quality(truths: list[Truth], means: list[ResultRow], *, judged: bool) -> Iterable[Score]:
    """Score the seconds by quality code in daily means."""
    expected: Counter[_Key] = Counter()
    for truth in truths:
        expected[truth.code, truth.source_id, truth.parameter, truth.start] += truth.count
    found: Counter[_Key] = Counter()
    for row in means if judged else ():
        if row["window"] == "day":
            for code, seconds in row["seconds_by_code"].items():
                key = (code, row["source_id"], row["parameter"], instant(row["start"]))
                found[key] += int(seconds)
    yield from _counted("seconds", expected, found, lambda key: str(key[0]), judged=judged)


def _nothing(
    truths: list[Truth], violations: list[ResultRow], gaps: list[ResultRow]
) -> Iterable[Score]:
    """Score what only looks wrong, and must lead to nothing."""
    findings: dict[str, list[tuple[str | None, int, int | None]]] = {}
    for row in (*violations, *gaps):
        if source_id := text(row["source_id"]):
            start = instant(row["start"]) or 0
            entry = (text(row["parameter"]), start, instant(row["end"]))
            findings.setdefault(source_id, []).append(entry)

    def quiet(truth: Truth) -> bool:
        return not any(
            (truth.parameter is None or parameter in (None, truth.parameter))
            and (truth.end is None or start < truth.end)
            and (end is None or end > truth.start)
            for parameter, start, end in findings.get(truth.source_id or "", [])
        )

    kinds: dict[str, list[Truth]] = {}
    for truth in truths:
        kinds.setdefault(truth.kind, []).append(truth)
    for kind, of_kind in sorted(kinds.items()):
        loud = [truth for truth in of_kind if not quiet(truth)]
        named = tuple(f"{truth.source_id} {iso(truth.start)}: led to a finding" for truth in loud)
        count = len(of_kind)
        yield Score(f"nothing from {kind}", count, count, count - len(loud), misses=named[:SHOWN])
