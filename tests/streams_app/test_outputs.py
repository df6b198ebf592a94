"""What goes out of an outcome: each record in its topic, under its key, as it was found."""

from __future__ import annotations

import msgspec

from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.records import record_of
from streams.core.log import Outcome
from streams.outputs import Encoder
from streams.settings import Settings
from tests.schemas.examples import DEAD_LETTER, GAP, MEAN, VIOLATION


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
    found = outcome(
        means=[MEAN, later], gaps=[GAP], violations=[VIOLATION], dead_letters=[DEAD_LETTER, known]
    )
    outputs = Encoder(codec, settings)(found)
    assert [(out.topic, out.key, out.headers) for out in outputs] == [
        (settings.topic_means, MEAN.source_id.encode(), ()),
        (settings.topic_means, "Ж-2".encode(), ()),
        (settings.topic_gaps, GAP.source_id.encode(), ()),
        (settings.topic_violations, VIOLATION.id.encode(), ()),
        (settings.topic_dead_letters, DEAD_LETTER.key, ()),
        (settings.topic_dead_letters, b"KZ-9", ()),
    ]
    for out, value in zip(outputs, [MEAN, later, GAP, VIOLATION, DEAD_LETTER, known], strict=True):
        name, record = codec.decode(out.value)
        assert name == type(value).__name__
        assert record == record_of(value)


def test_nothing_found_asks_for_no_schema() -> None:
    class NoIds(FileIds):
        def id_of(self, record_name: str) -> int:
            raise AssertionError(record_name)

    assert Encoder(Codec(NoIds()), Settings())(outcome()) == []
