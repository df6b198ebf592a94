"""The committed pages of docs/reference are those that the code writes."""

from __future__ import annotations

import json
import re
from difflib import unified_diff

import pytest

from streams.settings import Settings
from tests.docs.glossary_page import TABLE, terms
from tests.docs.pages import PAGES, REFERENCE, VIEWS
from tests.docs.quality_codes_page import REASONS
from tests.docs.settings_page import groups


@pytest.mark.parametrize("name", sorted(PAGES))
def test_page_is_what_the_code_writes(name: str) -> None:
    stands, written = (REFERENCE / name).read_text("utf-8"), PAGES[name]()
    differs = unified_diff(stands.splitlines(), written.splitlines(), "stands", "written", n=1)
    assert "\n".join(differs) == "", "run `make docs`"


def test_every_page_of_the_folder_is_written() -> None:
    assert {path.name for path in REFERENCE.iterdir()} == {*PAGES, VIEWS, TABLE.name}


def test_every_setting_stands_in_one_group() -> None:
    named = [name for names in groups().values() for name in names]
    assert named == list(Settings.__dataclass_fields__)


def test_glossary_names_each_word_once_and_places_that_exist() -> None:
    found = [term for group in terms().values() for term in group]
    words = [term.word for term in found]
    assert len(words) == len(set(words))
    root = REFERENCE.parents[1]
    assert not [term.where for term in found if term.where and not (root / term.where).exists()]


def test_reasons_of_a_violation_are_those_that_the_schema_names() -> None:
    schema = json.loads((REFERENCE.parents[1] / "schemas" / "violation.avsc").read_text("utf-8"))
    (doc,) = (field["doc"] for field in schema["fields"] if field["name"] == "reasons")
    assert set(re.findall(r"[A-Z]+(?:_[A-Z]+)+", doc)) == REASONS.keys()
