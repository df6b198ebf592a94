"""The schema registry of a deployment is looked at without writing, and prepared on demand."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from emissions.cli.main import cli
from emissions.cli.support.connection import codec_of
from schemas.errors import SchemaRegistryError
from schemas.registry_client import RegistryClient
from streams.health.progress import ProgressMonitor
from streams.health.report import ExternalChecks, WorkerSnapshot, observation, readyz
from streams.kafka.schema_registry import (
    check_subjects,
    prepare_subjects,
    registry_ids,
    schema_ids,
    schema_registry_checks,
)
from streams.settings import Settings, SettingsError
from tests.schemas.schema_registry import Registry, listening
from tests.support.certificates import Authority

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


def test_a_token_from_a_file_is_read_at_each_request(registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first")
    file.chmod(0o600)
    settings = Settings(schema_registry_url=registry.url, schema_registry_token_file=str(file))
    ids = registry_ids(settings, registry.url)
    for text in ("first", "second"):
        file.write_text(text)
        ids.registered()
        assert registry.authorization == f"Bearer {text}"
    file.chmod(0o644)
    seen = check_subjects(settings)
    assert not seen.ok
    assert "EMISSIONS_SCHEMA_REGISTRY_TOKEN_FILE: everybody may read" in seen.sentence


def test_a_registry_with_an_authority_of_its_own(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path / "a"), Authority(tmp_path / "b")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.certificate("registry"))
    tls.load_verify_locations(authority.ca)
    tls.verify_mode = ssl.CERT_REQUIRED
    certificate, key = authority.certificate("client")
    with listening(tls) as server:
        settings = Settings(
            schema_registry_url=server.url,
            schema_registry_ca_file=str(authority.ca),
            schema_registry_certificate_file=str(certificate),
            schema_registry_key_file=str(key),
        )
        prepare_subjects(settings)
        assert check_subjects(settings).ok
        seen = check_subjects(replace(settings, schema_registry_ca_file=str(other.ca)))
        assert "certificate verify failed" in seen.sentence
        seen = check_subjects(replace(settings, schema_registry_ca_file=str(key)))
        assert "EMISSIONS_SCHEMA_REGISTRY_CA_FILE" in seen.sentence


def test_credentials_do_not_follow_a_redirection_to_another_server(registry: Registry) -> None:
    with listening() as other:
        other.redirect_to = registry.url
        client = RegistryClient(other.url, user="reader", password="tell nobody")  # noqa: S106
        with pytest.raises(SchemaRegistryError, match="answered 302"):
            client.ask("/config")
    assert registry.requests == []
