from __future__ import annotations

from pathlib import Path

import pytest

from streams.rules.calendar import load_calendar
from streams.rules.errors import RuleError
from streams.rules.folder import packaged_sets, rule_folder
from streams.rules.load import load_rules
from streams.rules.packed import join_files, pack_rules, split_files, unpack_rules
from streams.rules.payment import load_payment


@pytest.mark.parametrize("name", packaged_sets())
def test_packed_rules_are_those_of_the_directory(name: str) -> None:
    found = unpack_rules(pack_rules(name))
    assert found.rules == load_rules(name)
    assert found.payment == load_payment(name)
    assert found.calendar == load_calendar(found.rules.country.code)


def test_a_directory_of_rules_alone_is_packed_with_the_law_that_stands_in_for_the_rest(
    tmp_path: Path,
) -> None:
    (tmp_path / "KZ-30.yaml").write_bytes((rule_folder() / "KZ-30.yaml").read_bytes())
    found = unpack_rules(pack_rules(tmp_path))
    assert found.rules == load_rules(tmp_path)
    assert found.payment == load_payment(tmp_path)


def test_names_and_texts_come_back_and_the_order_given_does_not_matter() -> None:
    files = {"b.yaml": "b: 1\n", "a/a.yaml": "a: 1"}
    packed = join_files(files.items())
    assert packed == join_files(reversed(files.items()))
    assert packed == b"--- # a/a.yaml\na: 1\n--- # b.yaml\nb: 1\n"
    assert split_files(packed) == {"a/a.yaml": "a: 1\n", "b.yaml": "b: 1\n"}


@pytest.mark.parametrize(
    "packed",
    [b"", b"a: 1\n", b"--- # b\nb: 1\n--- # a\na: 1\n", b"--- # a\n\xff\n",
     b"--- # a\na: 1\n--- # a\na: 1\n"],
)  # fmt: skip
def test_another_file_is_refused(packed: bytes) -> None:
    with pytest.raises(RuleError):
        split_files(packed)


def test_a_file_that_could_not_be_split_off_again_is_refused() -> None:
    with pytest.raises(RuleError, match=r"b\.yaml"):
        join_files([("b.yaml", "b: 1\n--- # c.yaml\n")])
