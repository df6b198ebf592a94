"""Credentials and files of TLS: what goes together, and that no secret is shown."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner

from emissions.cli.main import cli
from streams.access_files import AccessFileError
from streams.settings import PREFIX, SECRETS, Settings, SettingsError

TOKENS = {"broker_mechanism": "OAUTHBEARER"}


def test_every_secret_may_stand_in_a_file_and_is_hidden() -> None:
    fields = {each.name: each for each in dataclasses.fields(Settings)}
    hidden = {name for name, each in fields.items() if not each.repr}
    assert hidden == set(SECRETS)
    assert all(fields[f"{name}_file"].repr for name in SECRETS)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_given_once(name: str) -> None:
    variable = PREFIX + name.upper()
    with pytest.raises(SettingsError, match=f"{variable} and {variable}_FILE are both set") as said:
        Settings.from_env({variable: "s3cret", f"{variable}_FILE": "/nowhere"})
    assert "s3cret" not in str(said.value)


def test_a_secret_is_read_when_it_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "password"
    made = Settings.from_env(
        {"EMISSIONS_BROKER_USER": "u", "EMISSIONS_BROKER_PASSWORD_FILE": str(file)}
    )
    with pytest.raises(AccessFileError, match=f"BROKER_PASSWORD_FILE: {file}: No such file"):
        made.secret("broker_password")
    file.write_text("first\n")
    file.chmod(0o600)
    assert made.secret("broker_password") == "first"
    file.write_text("second")
    assert made.secret("broker_password") == "second"
    assert Settings.from_env(made.as_env()) == made
    assert Settings().secret("broker_password") is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"broker_user": "u"}, "BROKER_USER and EMISSIONS_BROKER_PASSWORD .* go together"),
        ({"broker_password_file": "/f"}, "BROKER_PASSWORD .* go together"),
        ({"schema_registry_token": "s", "schema_registry_user": "u"}, "go together"),
        (
            {
                "schema_registry_token": "s3cret",
                "schema_registry_user": "u",
                "schema_registry_password": "s3cret",
            },
            "two ways to log in",
        ),
        ({"broker_mechanism": "GSSAPI"}, "BROKER_MECHANISM must be one of PLAIN, SCRAM"),
        ({"broker_mechanism": "SCRAM-SHA-512"}, "SCRAM-SHA-512 needs EMISSIONS_BROKER_USER"),
        (TOKENS, "needs EMISSIONS_BROKER_TOKEN_FILE or EMISSIONS_BROKER_TOKEN_URL"),
        ({"broker_token_file": "/f"}, "BROKER_TOKEN_FILE needs .*MECHANISM=OAUTHBEARER"),
        (
            {**TOKENS, "broker_user": "u", "broker_password": "s3cret"},
            "BROKER_USER has no meaning",
        ),
        ({**TOKENS, "broker_token_url": "https://idp/token"}, "BROKER_CLIENT_ID go together"),
        (
            {
                **TOKENS,
                "broker_token_url": "http://idp/token",
                "broker_client_id": "c",
                "broker_client_secret": "s3cret",
            },
            "BROKER_TOKEN_URL must be https",
        ),
        ({"broker_ca_file": "/ca"}, "BROKER_CA_FILE needs EMISSIONS_BROKER_TLS=true"),
        ({"broker_tls": True, "broker_key_file": "/k"}, "KEY_FILE needs .*CERTIFICATE_FILE"),
        ({"broker_key_password": "s3cret"}, "BROKER_KEY_PASSWORD needs"),
        ({"clickhouse_ca_file": "/ca"}, "CLICKHOUSE_CA_FILE needs an https EMISSIONS_CLICKHOUSE"),
        ({"schema_registry_ca_file": "/ca"}, "needs an https EMISSIONS_SCHEMA_REGISTRY_URL"),
        (
            {"clickhouse_url": "https://u:s3cret@h", "clickhouse_password_file": "/f"},
            "CLICKHOUSE_PASSWORD_FILE is set: give it once",
        ),
    ],
)
def test_what_does_not_go_together_is_a_sentence(given: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        Settings(**given)  # type: ignore[arg-type]
    assert "s3cret" not in str(caught.value)


def test_secrets_are_masked_in_the_list_of_settings() -> None:
    env = {PREFIX + name.upper(): "s3cret" for name in SECRETS}
    env |= {"EMISSIONS_BROKER_TOKEN_FILE": "/run/token", "EMISSIONS_BROKER_CLIENT_SECRE": "s3cret"}
    done = CliRunner().invoke(cli, ["settings"], env=env)
    assert "s3cret" not in done.output
    assert "/run/token" in done.output
