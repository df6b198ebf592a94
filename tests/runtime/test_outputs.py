"""What goes out of an outcome: each record in its topic, under its key, as it was found."""

from __future__ import annotations

import msgspec

from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.records import record_of
from streams.core.engine.outcome import Outcome
from streams.runtime.outputs import OutcomeEncoder
from streams.settings import Settings
from tests.schemas.examples import (
    ADVICE,
    CASE,
    DEAD_LETTER,
    FINDING,
    GAP,
    MEAN,
    ROOT,
    VERDICT,
    VIOLATION,
)


def outcome(**given: object) -> Outcome:
    empty: dict[str, object] = {
        **{name: [] for name in ("means", "gaps", "violations", "dead_letters")},
        **dict.fromkeys(("used", "duplicates", "ticks"), 0),
        "state": {},
    }
    return Outcome(**{**empty, **given})  # type: ignore[arg-type]


def test_everything_goes_to_its_topic_under_its_key() -> None:
    codec, settings = Codec(FileIds()), Settings()
    later = msgspec.structs.replace(MEAN, source_id="Ж-2", revision=4)
    known = msgspec.structs.replace(DEAD_LETTER, source_id="KZ-9")
    of_enterprise = msgspec.structs.replace(FINDING, source_id=None)
    revised = msgspec.structs.replace(CASE, revision=CASE.revision + 1)
    found = outcome(
        means=[MEAN, later],
        gaps=[GAP],
        violations=[VIOLATION],
        findings=[FINDING, of_enterprise],
        cases=[CASE, revised],
        roots=[ROOT],
        advice=[ADVICE],
        notices=[VERDICT],
        dead_letters=[DEAD_LETTER, known],
    )
    outputs = OutcomeEncoder(codec, settings)(found)
    assert [(out.topic, out.key, dict(out.headers).get("ce_subject")) for out in outputs] == [
        (settings.topic_means, MEAN.source_id.encode(), None),
        (settings.topic_means, "Ж-2".encode(), None),
        (settings.topic_gaps, GAP.source_id.encode(), None),
        (settings.topic_violations, VIOLATION.id.encode(), b"KZ-0001-01"),
        (settings.topic_findings, b"KZ-0001-01", b"KZ-0001-01"),
        (settings.topic_findings, b"990140001233", b"990140001233"),
        (settings.topic_cases, CASE.id.encode(), b"KZ-0001-01"),
        (settings.topic_cases, CASE.id.encode(), b"KZ-0001-01"),
        (settings.topic_roots, b"KZ-0001-01", None),
        (settings.topic_advice, b"KZ-0001-01", b"KZ-0001-01"),
        (settings.topic_notice_verdicts, b"KZ-0001-01", None),
        (settings.topic_dead_letters, DEAD_LETTER.key, None),
        (settings.topic_dead_letters, b"KZ-9", None),
    ]
    assert [out.topic for out in outputs if out.headers] == [
        settings.topic_violations, settings.topic_findings, settings.topic_findings,
        settings.topic_cases, settings.topic_cases, settings.topic_advice,
    ]  # fmt: skip
    values = [MEAN, later, GAP, VIOLATION, FINDING, of_enterprise, CASE, revised]
    values += [ROOT, ADVICE, VERDICT, DEAD_LETTER, known]
    for out, value in zip(outputs, values, strict=True):
        name, record = codec.decode(out.value)
        assert name == type(value).__name__
        assert record == record_of(value)


def test_nothing_found_asks_for_no_schema() -> None:
    class NoIds(FileIds):
        def id_of(self, record_name: str) -> int:
            raise AssertionError(record_name)

    assert OutcomeEncoder(Codec(NoIds()), Settings())(outcome()) == []
