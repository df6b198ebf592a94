"""Two years of a real gas turbine through a mapping, checked by a calculation of its own.

Data: "Gas Turbine CO and NOx Emission Data Set", UCI Machine Learning Repository no. 551,
H. Kaya, P. Tüfekci, E. Uzun 2019, licence CC BY 4.0. The files are not part of the project.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.emissions.replay.command import lines, replay, table

pytestmark = pytest.mark.process

HERE = Path(__file__).parent / "gas_turbine"
DATA = Path(__file__).parents[4] / "shared" / "data" / "gas-turbine"
YEARS = {2011: 2024, 2012: 2025}  # the year of the file: the year it is put into
LIMITS = {"CO": 4.0, "NOX": 85.0}
ZONE = ZoneInfo("Asia/Almaty")

BY_HAND = (
    # lines 2 to 25 of gt_2011.csv
    ("CO", "2023-12-31T18:00:00Z", 0.6463270833333333, 86_400),
    ("NOX", "2023-12-31T18:00:00Z", 78.4425, 86_400),
    # lines 1418 to 1442: the day of 25 hours
    ("CO", "2024-02-28T18:00:00Z", 1.11345, 90_000),
    ("NOX", "2024-02-28T18:00:00Z", 61.09612, 90_000),
    # lines 4707 to 4730
    ("CO", "2024-07-14T19:00:00Z", 1.1271895833333334, 86_400),
    ("NOX", "2024-07-14T19:00:00Z", 58.98704166666667, 86_400),
    # lines 6482 to 6505 of gt_2012.csv
    ("CO", "2025-09-27T19:00:00Z", 3.1881808333333335, 86_400),
    ("NOX", "2025-09-27T19:00:00Z", 72.75283333333333, 86_400),
)
"""Parameter, start of the local day, mean added up by hand, seconds of the day."""

Hours = dict[datetime, dict[str, float]]
Found = tuple[Hours, Path]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The hours of both files, timed by hand, and what the replay of them exported."""
    if not DATA.is_dir():
        pytest.skip(f"the gas-turbine data set (UCI no. 551) is not in {DATA}")
    hours: Hours = {}
    for year, placed in YEARS.items():
        with (DATA / f"gt_{year}.csv").open(newline="") as file:
            start = midnight(date(placed, 1, 1)).astimezone(UTC)
            for number, row in enumerate(csv.DictReader(file)):
                values = {name: float(row[name]) for name in ("CO", "NOX", "AT")}
                hours[start + number * timedelta(hours=1)] = values
    out = tmp_path_factory.mktemp("gas")
    inputs = [DATA / f"gt_{year}.csv" for year in YEARS]
    mappings = [HERE / f"mapping-{year}.yaml" for year in YEARS]
    replay(
        "--registry", HERE / "registry.yaml", "--input", *inputs, "--mapping", *mappings, export=out
    )
    return hours, out


def days(hours: Hours) -> dict[date, list[dict[str, float]]]:
    """The hours of each local day that gives a valid mean: three quarters of it, and it is over."""
    found: dict[date, list[dict[str, float]]] = defaultdict(list)
    for start, values in hours.items():
        found[start.astimezone(ZONE).date()].append(values)
    del found[max(found)]  # the data end within the last day
    return {day: of_it for day, of_it in found.items() if len(of_it) >= 18}


def seconds(day: date) -> int:
    """Length of a local day."""
    start, end = midnight(day), midnight(day + timedelta(days=1))
    return int((end.astimezone(UTC) - start.astimezone(UTC)).total_seconds())


def text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)


def test_every_hour_is_its_own_mean(found: Found) -> None:
    hours, out = found
    rows = [row for row in table(out / "means.csv") if row["window"] == "1h"]
    for parameter, column in (("CO", "CO"), ("NOX", "NOX"), ("TEMPERATURE", "AT")):
        told = {row["start"]: float(row["value"]) for row in rows if row["parameter"] == parameter}
        assert told == {text(start): values[column] for start, values in hours.items()}


def test_a_few_days_by_hand(found: Found) -> None:
    _, out = found
    told = {
        (row["parameter"], row["start"]): row
        for row in table(out / "means.csv")
        if row["window"] == "day"
    }
    for parameter, start, mean, due_s in BY_HAND:
        row = told[parameter, start]
        assert float(row["value"]) == pytest.approx(mean, rel=1e-9)
        assert (row["valid_s"], row["due_s"], row["status"]) == (str(due_s), str(due_s), "VALID")


def test_every_valid_day(found: Found) -> None:
    hours, out = found
    for parameter, limit in LIMITS.items():
        told = {
            row["start"]: row
            for row in table(out / "means.csv")
            if row["window"] == "day" and row["parameter"] == parameter
        }
        valid = days(hours)
        assert told.keys() == {text(midnight(day)) for day in valid}
        for day, of_it in valid.items():
            row = told[text(midnight(day))]
            mean = math.fsum(values[parameter] for values in of_it) / len(of_it)
            assert float(row["value"]) == pytest.approx(mean, rel=1e-9)
            assert (int(row["valid_s"]), int(row["due_s"])) == (len(of_it) * 3600, seconds(day))
            assert row["status"] == "VALID"
            assert float(row["limit"]) == limit


def test_the_days_above_the_limit_are_the_violations(found: Found) -> None:
    hours, out = found
    expected = {
        (parameter, text(midnight(day)))
        for day, of_it in days(hours).items()
        for parameter, limit in LIMITS.items()
        if math.fsum(values[parameter] for values in of_it) / len(of_it) > limit
    }
    told = [v for v in lines(out / "violations.ndjson") if v["rule"] == "KZ-DAY"]
    assert {(v["parameter"], v["start"]) for v in told} == expected
    assert {parameter for parameter, _ in expected} == set(LIMITS)
    assert not any(v["automatic"] for v in told)  # cases are automatic from 2026-03-12 on


def test_the_months_between_the_files_are_a_gap(found: Found) -> None:
    hours, out = found
    last = max(start for start in hours if start < midnight(date(2025, 1, 1)))
    silence = (text(last + timedelta(hours=1)), text(midnight(date(2025, 1, 1))))
    assert [(row["start"], row["end"]) for row in table(out / "gaps.csv")] == [silence]
    (outage,) = (v for v in lines(out / "violations.ndjson") if v["rule"] == "KZ-GAP")
    assert (outage["start"], outage["end"], outage["unit"]) == (*silence, "s")
    assert outage["limit"] == 86_400
