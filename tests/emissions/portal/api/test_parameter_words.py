"""What the API says of a value that a parameter does not take."""

from __future__ import annotations

import re

import pytest

from emissions.portal.api.parameter_words import wrong_parameter
from emissions.portal.api.router import api_document
from tests.emissions.portal.api.written import Written
from tests.emissions.portal.support import visitor


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("means?limit=0", "limit takes not '0' but a whole number from 1 to 50000, such as "
                          "limit=5000"),
        ("means?limit=many", "limit takes not 'many' but a whole number from 1 to 50000, such as "
                             "limit=5000"),
        ("means?window=week", "window takes not 'week' but one of 20min, 30min, 1h, day, such as "
                              "window=20min"),
        ("means?revisions=none", "revisions takes not 'none' but one of last, all, such as "
                                 "revisions=last"),
        ("means?enterprise=12", "enterprise takes not '12' but 12 digits, such as "
                                "enterprise=990140001233"),
        ("enterprises/99/compliance", "bin takes not '99' but 12 digits, such as 990140001233"),
        ("cases?region=KZ-1", "region takes not 'KZ-1' but KZ- and two digits (ISO 3166-2:KZ), "
                              "such as region=KZ-55"),
        ("availability?month=2026-13", "month takes not '2026-13' but a month, such as "
                                       "month=2026-05"),
        ("means?source=", "source takes not '' but 1 to 200 characters, such as "
                          "source=KZ-0001-01"),
        ("means?from=yesterday", "from takes not 'yesterday' but a date, or a moment with its zone "
                                 "(a + is written %2B), such as from=2026-05-04 or "
                                 "from=2026-05-04T00:00:00%2B05:00"),
        ("means?to=2026-02-30", "to: '2026-02-30' is no day of the calendar"),
    ],
)  # fmt: skip
async def test_it_says_which_what_is_allowed_and_an_example(address: str, said: str) -> None:
    async with visitor(Written()) as client:
        answer = await client.get(f"/api/v1/{address}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["detail"]) == (400, said)


async def test_every_wrong_parameter_is_told_in_one_answer() -> None:
    async with visitor(Written()) as client:
        answer = await client.get("/api/v1/means.csv?window=week&from=x&limit=-1")
    told = answer.json()["detail"].split("; ")
    assert [each.split()[0] for each in told] == ["window", "from", "limit"]


def test_every_parameter_of_the_document_has_words_and_an_example_that_it_takes() -> None:
    for path, item in api_document()["paths"].items():
        for parameter in item["get"].get("parameters", ()):
            said = wrong_parameter(parameter, "\n" + "x" * 100)
            assert len(said) < 200, path
            example = re.search(r"such as (?:\S+?=)?(\S+)", said)
            if parameter["name"] == "cursor":
                assert example is None
                continue
            assert example is not None, said
            schema = parameter["schema"]
            assert re.search(schema.get("pattern", ""), example[1])
            assert example[1] in map(str, schema.get("enum", [example[1]]))
