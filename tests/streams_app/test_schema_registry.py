"""The schema registry of a deployment is looked at without writing, and prepared on demand."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from streams.app import schema_ids
from streams.cli.connection import codec_of
from streams.cli.main import cli
from streams.health.movement import Movement
from streams.health.report import Look, Outside, observation, readyz
from streams.schema_registry import look_at_schemas, prepare_subjects, schema_questions
from streams.settings import Settings, SettingsError
from tests.schemas.schema_registry import Registry, listening


@pytest.fixture
def registry() -> Iterator[Registry]:
    with listening() as server:
        yield server


def test_looking_at_a_deployment_registers_nothing(registry: Registry) -> None:
    settings = Settings(schema_registry_url=registry.url)
    seen = look_at_schemas(settings)
    assert not seen.well
    assert "kz.emissions.EmissionReading" in seen.seen
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
    seen = look_at_schemas(settings)
    assert seen.well, seen
    assert "BACKWARD_TRANSITIVE" in seen.seen
    registry.compatibility["kz.emissions.DataGap"] = "NONE"
    seen = look_at_schemas(settings)
    assert (seen.well, seen.risk) == (False, True)
    assert seen.seen.endswith("for kz.emissions.DataGap")
    assert seen.remedy == "emissions topics create"


def test_without_a_registry_there_is_nothing_to_look_at() -> None:
    assert look_at_schemas(Settings()).well
    prepare_subjects(Settings())
    assert schema_questions(Settings()) == {}


async def test_a_registry_that_is_away_makes_a_worker_unready_and_not_dead(
    registry: Registry,
) -> None:
    settings = Settings(schema_registry_url=registry.url)
    (name, question), *_ = schema_questions(settings).items()
    assert await question() is None
    registry.broken = True
    why = await question()
    assert why is not None
    assert "answered 500" in why
    look, outside = Look({}, {}), Outside(None, {}, {name: why})
    page = readyz(Movement(60), look, outside)
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
    look_at_schemas(settings)
    assert registry.authorization is not None
    assert registry.authorization.startswith("Basic ")
    registry.broken = True
    assert "tell nobody" not in json.dumps(look_at_schemas(settings)._asdict())
