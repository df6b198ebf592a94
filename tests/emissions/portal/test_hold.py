"""A hold of the authority: seen at once wherever names stand, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from emissions.open_data.datasets import DATASETS
from emissions.portal.database import SWITCH_KEPT_S, Database, Publication
from emissions.portal.language import LANGUAGES, words
from streams.settings import Settings
from tests.emissions.portal.api.written import Written
from tests.emissions.portal.nation import BIN, CASE, ENTERPRISE, WHOLE
from tests.emissions.portal.support import Given, visitor

HELD = Publication(1, "AFTER_APPEAL", held=True)
OPEN = Publication(2, "AFTER_APPEAL", held=False)
ROW = b'{"bin":"990140000011","id":"0b0e1f5e","held":false,"revision":1}\n'


@pytest.mark.parametrize("language", LANGUAGES)
async def test_pages_that_were_kept_name_nobody_once_it_is_held(language: str) -> None:
    """The cache of pages has the page with the name, and must not give it."""
    counted = words(language)["start.cases"].format(cases=20, named=3)
    for path, told in ((f"/enterprises/{BIN}", CASE.id[:8]), ("/", counted)):
        given = Given(*WHOLE)
        address = f"/{language}{path}"
        async with visitor(given) as browser:
            before = await browser.get(address)
            given.switch = HELD
            held = await browser.get(address, headers={"if-none-match": before.headers["etag"]})
            given.switch = OPEN
            after = await browser.get(address)
        assert told in before.text
        assert before.headers["cache-control"] == "no-cache"
        assert held.status_code == 200
        assert words(language)["common.held"] in held.text
        assert told not in held.text
        assert told in after.text


@pytest.mark.parametrize("form", ["", ".json", ".csv", ".parquet"])
@pytest.mark.parametrize("name", ["cases", "violations", "case-counts"])
async def test_the_api_says_that_it_is_held_and_not_that_there_is_nothing(
    name: str, form: str
) -> None:
    database = Written(ROW)
    async with visitor(database) as client:
        before = await client.get(f"/api/v1/{name}{form}")
        database.switch = HELD
        known = {"if-none-match": before.headers["etag"], "range": "bytes=0-10"}
        held = await client.get(f"/api/v1/{name}{form}", headers=known)
        head = await client.head(f"/api/v1/{name}{form}")
    assert (before.status_code, before.headers["cache-control"]) == (200, "public, no-cache")
    assert (held.status_code, head.status_code) == (503, 503)
    assert held.headers["cache-control"] == "no-store"
    assert "holds back" in held.json()["detail"]
    assert b"0b0e1f5e" not in held.content


@pytest.mark.parametrize("name", ["means", "gaps", "availability", "excuses", "revisions"])
async def test_what_the_law_opens_stays_open(name: str) -> None:
    database = Written(ROW)
    database.switch = HELD
    async with visitor(database) as client:
        assert (await client.get(f"/api/v1/{name}")).status_code == 200


async def test_nothing_that_was_kept_is_given_where_the_switch_is_not_known() -> None:
    given = Given(ENTERPRISE, CASE)
    async with visitor(given) as browser:
        assert CASE.id[:8] in (await browser.get(f"/en/enterprises/{BIN}")).text
        given.gone = True
        after = await browser.get(f"/en/enterprises/{BIN}")
    assert after.status_code == 503
    assert CASE.id[:8] not in after.text


def test_files_of_open_data_never_hold_a_case_or_a_violation() -> None:
    """What was in a file stays under revisions/, and what was taken along stays taken along."""
    for dataset in DATASETS:
        for closed in ("case", "violation", "measure", "notice", "finding"):
            assert closed not in (dataset.days + dataset.rows).lower()


class Switched(Database):
    """Answers without ClickHouse; a test turns the switch."""

    def __init__(self) -> None:
        super().__init__(Settings(), clock=lambda: self.now)
        self.now = 0.0
        self.switch = OPEN
        self.questions: list[str] = []

    def _ask(self, kind: Any, statement: str, parameters: dict[str, Any]) -> Sequence[Any]:
        self.questions.append(statement)
        return [self.switch] if kind is Publication else [kind(len(self.questions))]


class Number(msgspec.Struct, frozen=True):
    number: int


async def test_answers_that_were_kept_are_forgotten_when_it_is_switched() -> None:
    database = Switched()
    try:
        assert await database.publication() == OPEN
        (first,) = await database.rows(Number, "SELECT 1")
        assert await database.rows(Number, "SELECT 1") == [first]
        database.switch = HELD
        assert await database.publication() == OPEN  # asked less than a second ago
        database.now += SWITCH_KEPT_S
        assert await database.publication() == HELD
        assert await database.rows(Number, "SELECT 1") != [first]
    finally:
        database.close()
