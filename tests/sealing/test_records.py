"""What is sealed of each record, and what is not."""

from __future__ import annotations

import pytest

from streams.rules.country import home
from streams.sealing.records import LeafReader, UnsealedError
from streams.settings import Settings
from tests.schemas.examples import RECORDS
from tests.sealing.published import CODEC, Published, case, record, registration, root, violation

SETTINGS = Settings()
READER = LeafReader(SETTINGS, CODEC, home())
VIOLATIONS, CASES, REGISTRY = (
    SETTINGS.topic_violations,
    SETTINGS.topic_cases,
    SETTINGS.topic_registry,
)


def test_every_revision_of_violations_and_cases_is_a_leaf() -> None:
    for topic, content in (
        (VIOLATIONS, violation(1)),
        (VIOLATIONS, violation(1, 2)),
        (CASES, case(7, 3)),
    ):
        assert READER.leaf(record(topic, content)) == content[2]


def test_a_registration_is_a_leaf_by_its_offset() -> None:
    content = registration(41)
    assert READER.leaf(record(REGISTRY, content, 41)) == content[2]
    struck_off = Published(REGISTRY, 0, 5, content[0], None)
    leaf = READER.leaf(struck_off)
    assert leaf is not None
    assert (leaf.kind, leaf.id, leaf.revision) == ("registration", content[0].decode(), 5)


def test_a_root_is_a_leaf_once_it_is_final() -> None:
    final = root("2026-03-01", 3)
    assert READER.leaf(record(SETTINGS.topic_roots, final)) == final[2]
    assert READER.leaf(record(SETTINGS.topic_roots, root("2026-03-01", 2, final=False))) is None


GOOD = violation(1)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (Published(VIOLATIONS, 0, 0, GOOD[0], None), "it has no value"),
        (Published(VIOLATIONS, 0, 0, b"other", GOOD[1]), "its key is not its id"),
        (Published(VIOLATIONS, 0, 0, GOOD[0], b"nonsense"), "begins with byte"),
        (Published(VIOLATIONS, 0, 0, GOOD[0], GOOD[1] + b"more"), "bytes follow the record"),
        (Published(VIOLATIONS, 0, 0, GOOD[0], b"\0\0\0\0\1"), "schema id 1 is not known"),
        (record(VIOLATIONS, case(1)), "it is a AdministrativeCase"),
        (
            Published(SETTINGS.topic_roots, 0, 0, b"other", root("2026-03-01")[1]),
            "its key is not its source",
        ),
        (record(REGISTRY, GOOD), "it is a Violation"),
        (Published(REGISTRY, 0, 0, b"123", None), "its key is no БИН"),
        (Published(REGISTRY, 0, 0, b"123", registration()[1]), "its key is no БИН"),
        (Published(REGISTRY, 0, 0, *registration()[:2], timestamp=-1), "timestamp -1 is no time"),
        (record(REGISTRY, registration(region="XX")), "region"),
    ],
)
def test_what_nobody_of_us_wrote_is_no_leaf(written: Published, why: str) -> None:
    with pytest.raises(UnsealedError, match=why):
        READER.leaf(written)


def test_an_endless_id_is_no_leaf() -> None:
    identity = "x" * 5000
    value = CODEC.encode("Violation", {**RECORDS["Violation"], "id": identity})
    with pytest.raises(UnsealedError, match="its id has 5000 characters"):
        READER.leaf(Published(VIOLATIONS, 0, 0, identity.encode(), value))
