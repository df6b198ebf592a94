"""A retention that would destroy evidence is named with the law's place."""

from __future__ import annotations

import pytest

from streams.core.law.retention import LIMITATION_DAYS, RAW_DAYS, Retention
from streams.kafka.topics import DAY_MS, topics
from streams.settings import Settings, SettingsError

DEFAULT = Settings().retention


def test_the_defaults_keep_what_the_law_asks_for() -> None:
    assert DEFAULT.destroys is None
    assert DEFAULT.too_short(259_200, 86_400) is None


@pytest.mark.parametrize(
    ("given", "part", "law"),
    [
        ({"results": LIMITATION_DAYS - 1}, "results", "КоАП, article 62"),
        ({"raw_years": 4}, "raw", "Order 208"),
        ({"raw_years": None}, "readings", "Order 208"),
        ({"raw_years": None, "readings": RAW_DAYS - 1}, "readings", "Order 208"),
    ],
)
def test_less_than_the_law_asks_for_is_refused(
    given: dict[str, int | None], part: str, law: str
) -> None:
    fault = DEFAULT._replace(**given).destroys  # type: ignore[arg-type]
    assert fault is not None
    assert (fault[0], law in fault[1]) == (part, True)


@pytest.mark.parametrize(
    "given",
    [{"results": LIMITATION_DAYS}, {"results": 0}, {"raw_years": None, "readings": RAW_DAYS}],
)
def test_as_much_as_the_law_asks_for_is_enough(given: dict[str, int | None]) -> None:
    assert DEFAULT._replace(**given).destroys is None  # type: ignore[arg-type]


def test_what_workers_still_need_is_kept() -> None:
    kept = Retention(readings=10, means=11, dead_letters=11, results=0, raw_years=5)
    fault = kept.too_short(max_lateness_s=3 * 86_400, mark_deadline_s=86_400)
    assert fault == (
        "readings",
        "must be at least 11 days, not 10: late readings, marks and an outage of 7 days reach "
        "back as far",
    )
    assert kept._replace(readings=11).too_short(3 * 86_400, 86_400) is None
    assert kept._replace(readings=11).too_short(3 * 86_400 + 1, 86_400) is not None


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"RETENTION_RESULTS_DAYS": "365"}, "RETENTION_RESULTS_DAYS must be 0 .* article 62"),
        ({"RETENTION_RAW_YEARS": "3"}, "RETENTION_RAW_YEARS must be at least 5 years"),
        ({"SINK_RAW_MESSAGES": "false"}, "RETENTION_READINGS_DAYS must be at least 1827 days"),
        ({"RETENTION_MEANS_DAYS": "1"}, "RETENTION_MEANS_DAYS must be at least 11 days"),
    ],
)
def test_settings_refuse_it_in_one_sentence(variables: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=f"EMISSIONS_{said}"):
        Settings.from_env({f"EMISSIONS_{name}": value for name, value in variables.items()})


def test_topics_are_made_with_the_retention_of_the_settings() -> None:
    settings = Settings(
        retention_readings_days=500,
        retention_means_days=20,
        retention_dead_letters_days=600,
        retention_results_days=2000,
    )
    found = {topic.name: topic.config for topic in topics(settings)}
    days = {
        name: int(config["retention.ms"]) / DAY_MS
        for name, config in found.items()
        if "retention.ms" in config and name != settings.topic_advice  # no evidence
    }
    results = ("gaps", "violations", "findings", "notice-verdicts", "cases", "roots")
    assert days == {
        "emissions.readings": 500,
        "emissions.means": 20,
        "emissions.dead-letters": 600,
        **{f"emissions.{name}": 2000 for name in results},
    }
    assert int(found["emissions.registry"]["min.compaction.lag.ms"]) == 530 * DAY_MS
    replayed = {topic.config.get("retention.ms") for topic in topics(settings, "replay")}
    assert replayed == {None, "-1"}
