"""The schema registry of a deployment is looked at without writing, and prepared on demand."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from emissions.cli.main import cli
from emissions.cli.support.connection import codec_of
from streams.health.progress import ProgressMonitor
from streams.health.report import ExternalChecks, WorkerSnapshot, observation, readyz
from streams.kafka.schema_registry import (
    check_subjects,
    prepare_subjects,
    schema_ids,
    schema_registry_checks,
)
from streams.settings import Settings, SettingsError
from tests.schemas.schema_registry import Registry, listening

pytestmark = pytest.mark.process


@pytest.fixture
def registry() -> Iterator[Registry]:
    with listening() as server:
        yield server


def test_looking_at_a_deployment_registers_nothing(registry: Registry) -> None:
    settings = Settings(schema_registry_url=registry.url)
    seen = check_subjects(settings)
    assert not seen.ok
    assert "kz.emissions.EmissionReading" in seen.sentence
    assert seen.remedy == "emissions topics create"
    codec_of(settings)
    schema_ids(settings)
    env = {"EMISSIONS_SCHEMA_REGISTRY_URL": registry.url, "EMISSIONS_BROKER": "127.0.0.1:1"}
    CliRunner().invoke(cli, ["doctor", "--format", "json"], env=env)
    assert registry.subjects == {}
    assert registry.compatibility == {}
    assert not [asked for asked in registry.requests if asked.startswith("PUT")]


def test_a_prepared_registry_is_in_order(registry: Registry) -> None:
    settings = Settings(schema_registry_url=registry.url)
    prepare_subjects(settings)
    seen = check_subjects(settings)
    assert seen.ok, seen
    assert "BACKWARD_TRANSITIVE" in seen.sentence
    registry.compatibility["kz.emissions.DataGap"] = "NONE"
    seen = check_subjects(settings)
    assert (seen.ok, seen.risk) == (False, True)
    assert seen.sentence.endswith("for kz.emissions.DataGap")
    assert seen.remedy == "emissions topics create"


def test_without_a_registry_there_is_nothing_to_look_at() -> None:
    assert check_subjects(Settings()).ok
    prepare_subjects(Settings())
    assert schema_registry_checks(Settings()) == {}


async def test_a_registry_that_is_away_makes_a_worker_unready_and_not_dead(
    registry: Registry,
) -> None:
    settings = Settings(schema_registry_url=registry.url)
    (name, question), *_ = schema_registry_checks(settings).items()
    assert await question() is None
    registry.broken = True
    why = await question()
    assert why is not None
    assert "answered 500" in why
    look, outside = WorkerSnapshot({}, {}), ExternalChecks(None, {}, {name: why})
    page = readyz(ProgressMonitor(60), look, outside)
    assert page.status == 503
    assert page.body["conditions"]["schema registry"] == why
    assert observation(0.0, look, outside).all_excused


def test_user_and_password_go_to_the_registry_and_nowhere_else(registry: Registry) -> None:
    given = {
        "EMISSIONS_SCHEMA_REGISTRY_USER": "reader",
        "EMISSIONS_SCHEMA_REGISTRY_URL": registry.url,
    }
    with pytest.raises(SettingsError, match="go together"):
        Settings.from_env(given)
    settings = Settings.from_env({**given, "EMISSIONS_SCHEMA_REGISTRY_PASSWORD": "tell nobody"})
    assert "tell nobody" not in repr(settings)
    check_subjects(settings)
    assert registry.authorization is not None
    assert registry.authorization.startswith("Basic ")
    registry.broken = True
    assert "tell nobody" not in json.dumps(check_subjects(settings)._asdict())
