"""One pass over a log finds what two, one by each rule set, find."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from emissions.backtest.draft import DraftError, Drafts, amended
from emissions.backtest.run import Judged, Window, backtest_input, backtest_topic
from emissions.cli.main import cli
from emissions.cli.support.workspace import run_settings
from emissions.file_check.run import check_input
from emissions.replay.message_buffer import MessageBuffer
from emissions.replay.publication_plan import plan_publication
from emissions.replay.publish import OrderedWriter, publish, publish_registry
from emissions.simulation.files import write_readings, write_registry
from emissions.simulation.nation import Nation
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.law.rule import RuleSet
from streams.core.records.findings import Violation
from streams.core.registry.enterprise import Enterprise
from streams.core.time.interval import DAY, HOUR
from streams.kafka.clients import consumer_of, producer_of
from streams.kafka.topics import topics
from streams.registry.document import load_registry
from streams.rules.load import rule_set
from streams.settings import Settings
from tests.emissions.backtest.drafts import BASE, RULES, amendment, drafts
from tests.emissions.offline.recorded import recorded
from tests.support.broker import TestBroker, unique
from tests.support.core_run import NOW

EXAMPLE = Path(__file__).parents[2] / "oracle" / "example"
Input = tuple[MessageBuffer, tuple[Enterprise, ...]]


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Input:
    """A simulated nation with many defects: late, repeated and contradicted readings among them."""
    folder = tmp_path_factory.mktemp("nation")
    made = Nation(
        seed=3, enterprises=5, days=2, start=date(2026, 5, 4), with_bytes=False, density=6.0
    )
    write_registry(folder / "registry.yaml", made.enterprises)
    write_readings(made, folder / "input.csv")
    enterprises = load_registry(folder / "registry.yaml")
    return recorded([folder / "input.csv"], enterprises), enterprises


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Input:
    """The worked example, with limits of a year, and devices whose verification has lapsed."""
    text = (EXAMPLE / "registry.yaml").read_text(encoding="utf-8")
    annual = "          - {parameter: SO2, value: 5, unit: t/a, valid_from: 2024-01-01}\n"
    text = text.replace("        limits:\n", f"        limits:\n{annual}", 1)
    registry = tmp_path_factory.mktemp("example") / "registry.yaml"
    registry.write_text(text.replace("until: 2027-02-01", "until: 2026-05-04", 1), encoding="utf-8")
    enterprises = load_registry(registry)
    return recorded([EXAMPLE / "input.csv"], enterprises), enterprises


def judged(given: Input, both: Drafts, settings: Settings | None = None) -> Judged:
    return backtest_input(
        *given,
        both,
        settings=settings or run_settings(None, None),
        codec=Codec(FileIds()),
        now=NOW,
        report=lambda *_: None,
    )


def alone(given: Input, rules: RuleSet) -> dict[str, Violation]:
    """What one rule set by itself finds."""
    return check_input(
        *given,
        settings=run_settings(None, None),
        rules=rules,
        codec=Codec(FileIds()),
        until=None,
        now=NOW,
        report=lambda *_: None,
    ).violations


@pytest.mark.parametrize("of", ["nation", "example"])
def test_one_pass_finds_what_two_find(of: str, request: pytest.FixtureRequest) -> None:
    given: Input = request.getfixturevalue(of)
    both = drafts()
    found = judged(given, both)
    assert found.base == alone(given, both.base)
    assert found.draft == alone(given, both.draft)
    assert {each.rule for each in found.draft.values()} >= {"KZ-30", "KZ-HOUR"}
    assert found.base != found.draft


@pytest.mark.parametrize("code", sorted(RULES))
def test_each_rule_can_be_changed_beside_itself(code: str, example: Input) -> None:
    changed = {**RULES, code: msgspec.structs.replace(RULES[code], sanction="another")}
    both = Drafts.of(BASE, rule_set(changed.values(), BASE.country))
    assert (both.changed, both.added, both.removed) == ((code,), (), ())
    found = judged(example, both)
    assert found.base == alone(example, both.base)
    assert found.draft == alone(example, both.draft)
    assert found.base.keys() == found.draft.keys()
    if code in ("KZ-YEAR", "KZ-VERIF", "KZ-DAY"):
        assert code in {each.rule for each in found.draft.values()}


def test_a_window_holds_what_lies_in_it_in_part(example: Input) -> None:
    found = judged(example, drafts())
    day = next(each for each in found.base.values() if each.rule == "KZ-DAY")
    assert day.end is not None
    for window, holds in (
        (Window(), True),
        (Window(day.start, day.end), True),
        (Window(day.end - HOUR, day.end + HOUR), True),
        (Window(day.end, None), False),
        (Window(None, day.start), False),
        (Window(None, day.start + 1), True),
    ):
        assert window.holds(day) is holds
    assert Window(day.end + DAY, None).holds(msgspec.structs.replace(day, end=None))


def test_an_amendment_names_only_what_is_different() -> None:
    draft = amended(BASE, rule_set([RULES["KZ-30"]], BASE.country), ["KZ-GS"])
    both = Drafts.of(BASE, draft)
    assert (both.changed, both.added, both.removed) == ((), (), ("KZ-GS",))
    with pytest.raises(DraftError, match="KZ-X is no rule in force"):
        amended(BASE, None, ["KZ-X"])
    with pytest.raises(DraftError, match="nothing can change"):
        Drafts.of(BASE, amended(BASE, BASE, []))


def test_a_rule_that_is_the_same_is_judged_once() -> None:
    together = drafts().together()
    codes = [rule.code for rule in together.rules]
    assert sorted(codes) == sorted(
        [*RULES, *(f"draft:{code}" for code in ("KZ-30", "KZ-3H", "KZ-DAY", "KZ-HOUR"))]
    )
    assert amendment().version != BASE.version


async def published(broker: TestBroker, given: Input) -> Settings:
    """Topics with the registry and the readings of an input, as a replay publishes them."""
    settings = Settings(
        broker=broker.address,
        topic_readings=unique("readings"),
        topic_registry=unique("registry"),
        topic_notices=unique("notices"),
        partitions=3,
    )
    await broker.create(settings.topic_readings, partitions=3)
    await broker.create(settings.topic_registry, settings.topic_notices)
    tape, enterprises = given
    codec = Codec(FileIds())
    await publish_registry(settings, enterprises, codec, timestamp=0)
    plan = plan_publication(tape.arrived, tape.ends, None, NOW)
    async with producer_of(settings, 100_000) as producer:
        writer = OrderedWriter(producer, settings.topic_readings, 3)
        await publish(writer, tape, plan, codec, lambda _: None)
    return settings


def test_the_command_reads_the_topics_and_writes_nothing(
    broker: TestBroker, example: Input
) -> None:
    settings = asyncio.run(published(broker, example))
    before = asyncio.run(topics_of(settings))
    asked = ["backtest", "--without", "KZ-GS", "--format", "json"]
    done = CliRunner().invoke(cli, asked, env=dict(settings.as_env()))
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["readings"] == len(example[0])
    assert {(each["change"], each["rule"]) for each in found["changes"]} == {("lost", "KZ-GS")}
    assert asyncio.run(topics_of(settings)) == before


async def topics_of(settings: Settings) -> set[str]:
    """The topics of these settings that exist; other tests have theirs on the same broker."""
    own = {topic.name for topic in topics(settings)}
    async with consumer_of(settings) as consumer:
        return own & set(await consumer.topics())


async def test_the_topics_give_what_the_files_give(broker: TestBroker, example: Input) -> None:
    settings, codec = await published(broker, example), Codec(FileIds())
    tape = example[0]

    async def judge_topics(window: Window, warm_up_days: int | None = None) -> Judged:
        return await backtest_topic(
            drafts(),
            settings=settings,
            codec=codec,
            window=window,
            warm_up_days=warm_up_days,
            report=lambda *at: told.append(at),
        )

    told: list[tuple[str, int, int | None]] = []
    found = await judge_topics(Window())
    files = judged(example, drafts(), settings)
    assert (found.base, found.draft) == (files.base, files.draft)
    assert (found.readings, found.zones) == (files.readings, files.zones)
    assert told[-1][1:] == (len(tape) + 6, len(tape) + 6)  # and two ticks a partition
    first = min(tape.starts)
    assert (await judge_topics(Window(first - DAY, first), 0)).readings == files.readings
    late = await judge_topics(Window(first + DAY, None), 0)
    assert 0 < late.readings < files.readings
    early = await judge_topics(Window(None, first - 4 * DAY))
    assert early.readings == 0
