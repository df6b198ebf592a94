"""What a log and a holder of its records say of each other: missing, altered, added, excused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from emissions.audit import leaf_comparison
from emissions.audit.check import AuditCheck
from emissions.audit.leaf_comparison import CLICKHOUSE, TOPICS, Holder, LeafComparison
from emissions.audit.newest_registrations import NewestRegistrations
from streams.core.evidence.leaf import Leaf
from streams.sealing.log_writer import LogWriter
from tests.sealing.published import registration, violation

ONE, TWO = violation(1)[2], violation(2)[2]
RULES = Leaf.of("rules", "2026-01", 1, b"packed")
ALTERED = TWO._replace(digest=bytes(32))


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LogWriter]:
    made = LogWriter(tmp_path)
    yield made
    made.close()


def comparison(
    writer: LogWriter, log: Sequence[Leaf], held: Sequence[Leaf], holder: Holder = TOPICS
) -> LeafComparison:
    writer.append([leaf.entry() for leaf in log], {})
    compared = LeafComparison(writer.files, writer.size, holder)
    for leaf in held:
        compared.take(leaf)
    return compared


def checks(compared: LeafComparison) -> dict[str, AuditCheck]:
    return {check.place: check for check in compared.checks()}


def test_equal_ones_have_no_difference(writer: LogWriter) -> None:
    assert checks(comparison(writer, [], [])) == {}
    found = checks(comparison(writer, [ONE, TWO], [TWO, ONE, ONE]))
    assert found["violations"].holds
    assert found["violations"].seen == "2 leaves"


@pytest.mark.parametrize(
    ("log", "held", "said"),
    [
        ([ONE], [ONE, TWO], f"violation {TWO.id}, revision 1: is missing in the log"),
        ([ONE, TWO], [ONE], f"violation {TWO.id}, revision 1: is in the log, and the topic"),
        ([ONE, TWO], [ONE, ALTERED], f"violation {TWO.id}, revision 1: was altered"),
        ([ONE, TWO], [ONE, TWO, ALTERED], f"violation {TWO.id}, revision 1: was altered"),
    ],
)
def test_a_difference_is_named(
    writer: LogWriter, log: list[Leaf], held: list[Leaf], said: str
) -> None:
    (difference,) = checks(comparison(writer, log, held))["violations"].differences
    assert said in difference


def test_what_comes_later_into_the_log_is_forgotten(writer: LogWriter) -> None:
    compared = comparison(writer, [ONE], [ONE, TWO], CLICKHOUSE)
    assert list(compared.unknown()) == [TWO]
    compared.forget(TWO)
    assert checks(compared)["violations in ClickHouse"].holds


def test_an_optional_record_may_be_missing_and_not_altered(writer: LogWriter) -> None:
    writer.append([RULES.entry()], {})
    compared = LeafComparison(writer.files, writer.size, CLICKHOUSE)
    compared.take(RULES)
    compared.take(Leaf.of("rules", "another", 1, b"packed"), optional=True)
    compared.take(RULES._replace(digest=bytes(32)), optional=True)
    (difference,) = checks(compared)["rule sets in ClickHouse"].differences
    assert difference.startswith("rules 2026-01, revision 1: was altered in ClickHouse")


def test_a_record_may_have_been_written_by_an_earlier_program(writer: LogWriter) -> None:
    writer.append([ONE.entry()], {})
    compared = LeafComparison(writer.files, writer.size, CLICKHOUSE)
    compared.take(ONE._replace(digest=bytes(32)), otherwise=lambda: [TWO, ONE])
    assert checks(compared)["violations in ClickHouse"].holds


def test_a_registration_that_was_replaced_may_be_compacted_away(writer: LogWriter) -> None:
    old, new, other = (registration(at)[2] for at in (3, 7, 9))
    newest = NewestRegistrations()
    newest.take(new)
    compared = comparison(writer, [old, new], [new])
    (check,) = compared.checks(newest.replaced)
    assert check.holds
    compared = comparison(writer, [other], [new])
    ((difference,),) = [check.differences for check in compared.checks(newest.replaced)]
    assert "revision 9: is in the log, and the topic has no such record" in difference


def test_a_long_log_is_compared_in_chunks(
    writer: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaf_comparison, "CHUNK", 64)
    leaves = [Leaf.of("case", f"case {number}", 1, b"%d" % number) for number in range(700)]
    held = [leaf for number, leaf in enumerate(leaves) if number not in (5, 300, 699)]
    (check,) = comparison(writer, leaves, held[::-1]).checks()
    assert check.seen == "700 leaves"
    assert [each.partition(",")[0] for each in check.differences] == [
        "case case 300", "case case 5", "case case 699",
    ]  # fmt: skip


def test_too_many_that_are_not_in_the_log_are_not_compared(
    writer: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaf_comparison, "MOST_UNKNOWN", 3)
    held = [violation(number)[2] for number in range(5)]
    (check,) = comparison(writer, [ONE], held).checks()
    assert (check.seen, check.differences) == (
        "not compared", ["more than 3 records are not in the log"],
    )  # fmt: skip


def test_an_entry_that_is_not_under_its_hash_is_named(writer: LogWriter) -> None:
    compared = comparison(writer, [ONE, TWO], [ONE, TWO])
    (path,) = (writer.files.directory / "tile" / "entries" / "000.p").iterdir()
    content = path.read_bytes()
    path.write_bytes(content[:-3] + b'0"}')
    with pytest.raises(ValueError, match="entry 1 is not the one whose hash is in the tile"):
        compared.checks()
