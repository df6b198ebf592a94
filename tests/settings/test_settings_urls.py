"""User and password of ClickHouse in its URL: taken, and shown nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streams.settings import Settings, SettingsError

URL = "EMISSIONS_CLICKHOUSE_URL"


def test_user_and_password_are_taken_out_of_the_url() -> None:
    made = Settings.from_env({URL: "https://who:s%40cr%2Fet@[::1]:8443/"})
    assert made.clickhouse_url == "https://[::1]:8443/"
    assert (made.clickhouse_user, made.clickhouse_password) == ("who", "s@cr/et")
    assert "cr/et" not in repr(made)
    assert Settings.from_env(made.as_env()) == made
    again = replace(made, clickhouse_url="http://other:new@127.0.0.1:1")
    assert (again.clickhouse_user, again.clickhouse_password) == ("other", "new")
    assert again.clickhouse_url == "http://127.0.0.1:1"


def test_a_url_without_them_leaves_user_and_password_alone() -> None:
    made = Settings.from_env({URL: "http://host:1", "EMISSIONS_CLICKHOUSE_PASSWORD": "own"})
    assert (made.clickhouse_user, made.clickhouse_password) == ("default", "own")
    assert Settings(clickhouse_url="http://:key@host:1").clickhouse_user == "default"


def test_said_twice_they_must_agree() -> None:
    both = {URL: "http://u:s%40@host:1", "EMISSIONS_CLICKHOUSE_PASSWORD": "s@"}
    assert Settings.from_env(both).clickhouse_password == "s@"  # noqa: S105
    for name in ("USER", "PASSWORD"):
        with pytest.raises(SettingsError, match=f"EMISSIONS_CLICKHOUSE_{name} is another") as said:
            Settings.from_env({URL: "http://u:secret@h:1", f"EMISSIONS_CLICKHOUSE_{name}": "b"})
        assert "secret" not in str(said.value)


def test_the_schema_registry_has_its_own_settings() -> None:
    with pytest.raises(SettingsError, match="SCHEMA_REGISTRY_URL must not carry"):
        Settings(schema_registry_url="http://u:secret@host:1")
