"""``emissions cases`` against a real broker: the list, one case, and what is done today."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from emissions.cli.main import cli
from schemas.codec import Codec
from schemas.ids import FileIds
from tests.sinks.make import DAY, MARCH, case
from tests.support.broker import TestBroker, unique

FACTOR = {
    "parameter": "SO2", "substance": None, "tonnes": 1.5, "rate_mci": 20.0, "index_kzt": 4325,
    "percent": 10000, "mci": None,
}  # fmt: skip
FIRST = case(due={"prescription_by": "2026-03-17", "limitation_detection": "2026-05-02"})
COURT = case(
    start=MARCH + DAY,
    track="COURT",
    part="3",
    source_id="S2",
    region="KZ-19",
    due={"protocol_by": "2026-03-27"},
)
REVIEW: dict[str, Any] = {
    **case(start=MARCH + 2 * DAY, due={"prescription_by": "2026-03-20"}),
    "state": "REVIEW",
    "reasons": ["UNVERIFIED_DEVICE"],
    "excess_mass_t": {"SO2": 1.5},
    "fine_kzt": 12_975_000,
    "fine_missing": None,
    "fine_factors": [FACTOR],
    "related": [COURT["id"]],
}


@pytest.fixture(scope="module")
def env(broker: TestBroker) -> dict[str, str]:
    """A broker with cases of a topic of the test's own, and a message that is none."""
    own = unique("cases")
    topics = {"CASES": f"{own}.cases", "REGISTRY": f"{own}.registry"}
    codec = Codec(FileIds())
    cases = (
        COURT,
        {**REVIEW, "state": "OPEN", "reasons": []},
        {**REVIEW, "revision": 2},
        FIRST,
        case(start=MARCH + 9 * DAY, state="WITHDRAWN"),
    )
    values = [codec.encode("AdministrativeCase", each) for each in cases]
    for topic in topics.values():
        asyncio.run(broker.create(topic))
    asyncio.run(broker.produce(topics["CASES"], [b"no message", *values], partition=0))
    named = {f"EMISSIONS_TOPIC_{name}": topic for name, topic in topics.items()}
    return {"EMISSIONS_BROKER": broker.address, "COLUMNS": "80", **named}


def cases(env: dict[str, str], *args: str) -> Result:
    return CliRunner().invoke(cli, ["cases", *args, "--on", "2026-03-16"], env=env)


def test_cases_are_listed_by_their_first_date_and_chosen(env: dict[str, str]) -> None:
    def ids(*args: str) -> list[str]:
        told = cases(env, "--format", "json", *args)
        assert told.exit_code == 0, told.stderr
        return [each["id"] for each in json.loads(told.stdout)]

    assert ids() == [FIRST["id"], REVIEW["id"], COURT["id"]]
    assert ids("--state", "review") == ids("--due", "2026-03-20", "--source", "S1")[1:]
    assert ids("--track", "COURT") == ids("--region", "KZ-19") == ids("--source", "S2")
    assert len(ids("--state", "WITHDRAWN")) == 1
    (first, *_) = json.loads(cases(env, "--format", "json").stdout)
    assert (first["due_on"], first["working_days_left"]) == ("2026-03-17", 1)
    assert (first["start"], first["items"][0]["rule"]) == ("2026-02-28T19:00:00Z", "KZ-DAY")
    assert "no case matches" in cases(env, "--source", "S9").stderr
    wide = [line for line in cases(env).stdout.splitlines() if len(line) > 80]
    assert wide == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("a device outside its verification", "send the prescription by")),
        ("ru", ("прибор вне срока поверки", "предписание направить до", "КоАП, ст. 328 ч. 1")),
        ("kk", ("нұсқаманы жіберу", "328-бап 1-бөлік")),
    ],
)
def test_a_case_is_a_page(env: dict[str, str], language: str, said: tuple[str, ...]) -> None:
    page = cases(env, REVIEW["id"], "--lang", language).stdout
    flat = " ".join(page.split())
    assert [each for each in said if each not in flat] == []
    assert "12 975 000 ₸" in page
    assert "SO2: 1.5 t × 20 МРП × 4325 ₸ × 10000 %" in page.replace("АЕК", "МРП")
    assert COURT["id"] in page
    assert REVIEW["violations"][0] in page
    assert [line for line in page.splitlines() if len(line) > 80] == []


def test_today_has_a_budget_and_says_what_waits(env: dict[str, str]) -> None:
    def ids(told: Result) -> list[str]:
        return [each["id"] for each in json.loads(told.stdout)]

    everything = cases(env, "--today", "--format", "json")
    assert ids(everything) == [COURT["id"], REVIEW["id"]]
    assert everything.stderr.strip() == (
        "2026-03-16: 2 for 2 inspectors; for another day: 0; without an inspector: 1\n"
        "automatic prescription"
    )
    one = {**env, "EMISSIONS_INSPECTOR_ITEMS": "1"}
    first = cases(one, "--today", "--inspectors", "1", "--format", "json")
    assert ids(first) == [COURT["id"]]
    assert "1 for 1 inspector; for another day: 1" in first.stderr


def test_mistakes_are_sentences(env: dict[str, str]) -> None:
    unknown = cases(env, "c9")
    assert (unknown.exit_code, "there is no case c9" in unknown.stderr) == (2, True)
    assert cases(env, "--today", "--follow").exit_code == 2
    assert cases(env, "--inspectors", "2").exit_code == 2
