"""Single letters: their places, which are asked for, what they would meet, how they look."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest

from emissions.dead_letters.dead_letter import (
    DeadLetterFilter,
    DeadLetterRecord,
    RecordCoordinates,
    dead_letter_of,
    parse_coordinates,
)
from emissions.dead_letters.describe import decoded, full_document, hex_dump
from emissions.dead_letters.recheck import NOT_SENT, Rechecker
from emissions.dead_letters.search import NewestDeadLetters, ReasonSummary
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.core.records.partitioning import partition_of
from streams.core.sources.history import RegistryHistory
from streams.core.time.interval import HOUR
from streams.settings import Settings
from tests.core.chain.stations import signing
from tests.core.examples import enterprise, history, source

CODEC = Codec(FileIds())
NOW = time.time_ns() // 1_000_000
SETTINGS = Settings()
HOME = partition_of("A", SETTINGS.partitions)
ELSEWHERE = next(b"%d" % n for n in range(99) if partition_of(b"%d" % n, 4) != HOME)


def letter(**changes: Any) -> DeadLetterRecord:
    record = {
        "reason": "UNKNOWN_SOURCE", "stage": "validate", "detail": "why", "source_id": "A",
        "topic": "emissions.readings", "partition": 2, "offset": 1234, "timestamp": 5000,
        "key": b"A", "value": b"\x00\xff", "headers": [],
    }  # fmt: skip
    return dead_letter_of({**record, **changes}, (1, 2), 6000)


def message(**changes: Any) -> bytes:
    at = NOW // 600_000 * 600_000 - 1_200_000
    plain = Reading("A", at, 600, "NORMAL", None, {"SO2": 100.0}, {})
    item = msgspec.structs.replace(plain, **changes)
    return CODEC.encode("EmissionReading", msgspec.structs.asdict(item))


def test_a_place_is_read_as_it_is_written() -> None:
    for text in ("emissions.readings/2/1234", "2/1234"):
        assert parse_coordinates(text, "emissions.readings") == letter().place
    assert parse_coordinates("other-topic/0/0", "emissions.readings") == RecordCoordinates(
        "other-topic", 0, 0
    )


@pytest.mark.parametrize(
    "text", ["", "1234", "2/", "/2/3", "a/b/c", "2/-1", "2/1234/x", f"2/{1 << 63}", "a b/1/2"]
)
def test_what_is_no_place_is_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is no place of a message: write topic/partition/offset"):
        parse_coordinates(text, "emissions.readings")


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        (DeadLetterFilter(), True),
        (DeadLetterFilter(reasons=frozenset({"UNKNOWN_SOURCE", "TOO_LATE"})), True),
        (DeadLetterFilter(reasons=frozenset({"TOO_LATE"})), False),
        (
            DeadLetterFilter(source_id="A", stage="validate", partition=2, since=5000, until=5001),
            True,
        ),
        (DeadLetterFilter(source_id="B"), False),
        (DeadLetterFilter(stage="decode"), False),
        (DeadLetterFilter(partition=1), False),
        (DeadLetterFilter(since=5001), False),
        (DeadLetterFilter(until=5000), False),
    ],
)
def test_letters_are_chosen_by_what_they_say(wanted: DeadLetterFilter, matches: bool) -> None:
    assert wanted.matches(letter()) is matches


def test_the_newest_are_kept_once_in_order_of_arrival() -> None:
    newest = NewestDeadLetters(3)
    for at in (3, 1, 4, 1, 5, 5, 2):
        newest.add(letter(offset=at, timestamp=at))
    assert [each.place.offset for each in newest.letters()] == [3, 4, 5]
    assert newest.beyond
    assert all(each.value is None for each in newest.letters())


def test_a_summary_counts_each_letter_once() -> None:
    summary = ReasonSummary()
    for at, reason in ((1, "A"), (2, "A"), (2, "A"), (3, "B"), (9, "A")):
        summary.add(letter(offset=at, timestamp=at * 10, reason=reason))
    assert [tuple(group) for group in summary.groups()] == [
        ("A", "validate", 3, 10, 90),
        ("B", "validate", 1, 30, 30),
    ]


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        ({"value": message()}, None),
        ({"value": message(period_s=60)}, "BAD_PERIOD"),
        ({"value": message(source_id="nobody")}, "UNKNOWN_SOURCE"),
        ({"value": message(), "key": ELSEWHERE}, "WRONG_PARTITION"),
        ({"value": message(), "reason": "WRONG_PARTITION"}, None),  # sent by its key
        ({"value": message(), "key": None, "partition": HOME}, None),
        ({"value": message(), "key": None, "partition": 3 - HOME}, "WRONG_PARTITION"),
        ({"value": message(measured_at=NOW - NOW % 600_000 - 100 * HOUR)}, "TOO_LATE"),
        ({"value": message(), "reason": "CONFLICTING_DUPLICATE"}, "CONFLICTING_DUPLICATE"),
        ({"value": b"\x01garbage"}, "UNDECODABLE"),
        ({"value": None}, "UNDECODABLE"),
        ({"value": b"\x00\x00\x00\x00\x01rest"}, "UNKNOWN_SCHEMA"),
        ({"value": None, "key": None}, NOT_SENT),
        ({"topic": "emissions.registry", "value": message()}, NOT_SENT),
        ({"topic": "somebody.elses", "value": message()}, NOT_SENT),
        ({"topic": "emissions.means", "value": b"\x01garbage", "stage": "sink"}, "UNDECODABLE"),
        ({"topic": "emissions.means", "value": message(), "stage": "sink"}, None),
    ],
)
def test_a_letter_would_meet_what_its_message_meets_now(
    changes: dict[str, Any], met: str | None
) -> None:
    present = Rechecker(SETTINGS, CODEC, history(enterprise(source())), NOW)
    refused = present.refuses(letter(**changes))
    assert (refused.reason if refused else None) == met


@pytest.mark.parametrize(
    ("reason", "signatures", "met"),
    [
        ("BROKEN_CHAIN", "require", "BROKEN_CHAIN"),
        ("UNSIGNED", "require", "UNSIGNED"),
        ("BAD_SIGNATURE", "warn", None),
        ("BAD_SIGNATURE", None, None),
        ("UNKNOWN_SOURCE", "require", None),
    ],
)
def test_what_is_not_proved_is_refused_for_as_long_as_signatures_are_required(
    reason: str, signatures: str | None, met: str | None
) -> None:
    registered = history(enterprise(signing(signatures=signatures, cadence_s=600)))
    refused = Rechecker(SETTINGS, CODEC, registered, NOW).refuses(
        letter(value=message(), reason=reason)
    )
    assert (refused.reason if refused else None) == met


def test_a_source_that_is_registered_later_is_not_known_yet() -> None:
    registered, later = RegistryHistory(), history(enterprise(source()))
    entry = later.enterprise("990140001233", NOW)
    assert entry is not None
    registered.add(NOW + 1, entry.bin, entry.enterprise, entry.proof)
    refused = Rechecker(SETTINGS, CODEC, registered, NOW).refuses(letter(value=message()))
    assert refused is not None
    assert refused.reason == "UNKNOWN_SOURCE"


def test_every_field_is_shown_and_fit_for_json() -> None:
    value = message(values={"SO2": float("nan"), "CO": 1.0})
    headers = [
        {"name": "dead-letter", "value": b"emissions.readings/0/1"},
        {"name": "bytes", "value": b"\xff"},
        {"name": "bytes", "value": b"line\nbreak"},
    ]
    shown = full_document(
        letter(value=value, headers=headers), CODEC, now="could be used", replayed=2, replays=["p"]
    )
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown
    assert bytes.fromhex(shown["value"]) == value
    assert shown["message"]["values"] == {"SO2": "nan", "CO": 1.0}
    assert shown["replay_of"] == ["emissions.readings/0/1"]
    assert [each["value"] for each in shown["headers"]] == [
        "emissions.readings/0/1", "0xff", "0x6c696e650a627265616b",
    ]  # fmt: skip
    assert decoded(b"\x01garbage", CODEC) is None


def test_bytes_are_dumped_as_hex_and_text_up_to_a_size() -> None:
    assert hex_dump(b"") == []
    assert hex_dump(bytes(range(0x3E, 0x4F))) == [
        "00000000  3e 3f 40 41 42 43 44 45  46 47 48 49 4a 4b 4c 4d  |>?@ABCDEFGHIJKLM|",
        f"00000010  4e{' ' * 48}|N|",
    ]
    assert hex_dump(bytes(16 * 1024 + 3))[-1].startswith("... and 3 more bytes")
