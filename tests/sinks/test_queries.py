"""The documented questions: those of the file that is timed, and answered on a small nation."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded.clickhouse import EmbeddedClickHouse
from emissions.cli.support.sql_query import Answer, fetch_answer
from emissions.simulation.nation import Nation
from tests.bench.storage import questions
from tests.bench.stored_nation import add_days, write_nation
from tests.emissions.simulation.judged import judge
from tests.support.clickhouse import TestClickHouse

PAGE = Path(__file__).parents[2] / "docs" / "performance" / "questions.md"
SIMULATED: dict[str, Any] = {"seed": 1, "enterprises": 12, "days": 1, "density": 3.0}
QUESTIONS = {each.name: each for each in questions()}


@pytest.fixture(scope="module")
def answers(clickhouse_server: EmbeddedClickHouse) -> dict[str, Answer]:
    """What is answered on a few enterprises, judged and written, and a day more made of theirs."""
    database = TestClickHouse(clickhouse_server)
    asyncio.run(write_nation(database.settings, Nation(**SIMULATED)))
    add_days(database.client, "2026-05-03 19:00:00", range(1, 2))
    found = {name: fetch_answer(database.client, each.sql) for name, each in QUESTIONS.items()}
    database.close()
    return found


def test_ten_questions_stand_in_the_file_and_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    assert len(QUESTIONS) == 10
    for each in QUESTIONS.values():
        assert f"| `{each.name}` | {each.who} | {each.what} |" in text
        assert f"{each.sql};" in text


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_is_answered(answers: dict[str, Answer], name: str) -> None:
    answer = answers[name]
    assert answer.rows, "a question without an answer tells nothing of its cost"
    assert all(len(row) == len(answer.columns) for row in answer.rows)


def test_shares_of_time_are_shares(answers: dict[str, Answer]) -> None:
    """Days that are copied of one another leave each source one silence at a time."""
    shares = [row[3] for row in answers["silent-sources"].rows]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1


async def test_the_timed_store_holds_what_the_core_finds(clickhouse: TestClickHouse) -> None:
    """Judged in many batches, as its size demands: the days of the store are whole days."""
    few = {**SIMULATED, "enterprises": 4}
    await write_nation(clickhouse.settings, Nation(**few), batch=240)
    expected = judge(Nation(**few))
    stored = clickhouse.rows(
        "SELECT source_id, parameter, unit, window, toUnixTimestamp64Milli(start), value, status, "
        "valid_s, excused_s, seconds_by_code, revision FROM means_current"
    )
    names = (
        *("source_id", "parameter", "unit", "window", "start", "value", "status"),
        *("valid_s", "excused_s", "seconds_by_code", "revision"),
    )
    assert sorted(map(str, stored)) == sorted(
        str(tuple(mean[name] for name in names)) for mean in expected.means
    )
    assert any(row[3] == "day" and row[6] == "VALID" for row in stored)
    for table, found in (("violations", expected.violations), ("gaps", expected.gaps)):
        rows = clickhouse.rows(f"SELECT toString(id), status, revision FROM {table}_current")
        assert {tuple(row) for row in rows} == {
            (each["id"], each["status"], each["revision"]) for each in found
        }
