"""The clients of ClickHouse over TLS: authority, own certificate, password from a file."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import Error

from emissions.cli.support.errors import clickhouse_sentence
from emissions.doctor.clickhouse import look_at_clickhouse
from sinks.clickhouse import async_client, client
from streams.settings import Settings
from tests.support.certificates import Authority
from tests.support.clickhouse import TestClickHouse
from tests.support.tls_front import server_context, tls_front


async def asked(settings: Settings) -> object:
    connection = await async_client(settings)
    try:
        return await connection.command("SELECT 1")
    finally:
        await connection.close()


def test_clickhouse_is_reached_over_tls_and_nothing_else_is(
    clickhouse: TestClickHouse, tmp_path: Path
) -> None:
    authority, other = Authority(tmp_path / "a"), Authority(tmp_path / "b")
    certificate, key = authority.certificate("sinks")
    password = tmp_path / "password"
    password.write_text(clickhouse.settings.clickhouse_password)
    password.chmod(0o600)
    plain = int(clickhouse.settings.clickhouse_url.rpartition(":")[2])
    with tls_front(plain, server_context(authority, ask_client=True)) as port:
        settings = replace(
            clickhouse.settings,
            clickhouse_url=f"https://127.0.0.1:{port}",
            clickhouse_password="",
            clickhouse_password_file=str(password),
            clickhouse_ca_file=str(authority.ca),
            clickhouse_certificate_file=str(certificate),
            clickhouse_key_file=str(key),
        )
        with client(settings) as ours:
            assert ours.command("SELECT 1") == 1
        assert asyncio.run(asked(settings)) == 1
        untrusted = replace(settings, clickhouse_ca_file=str(other.ca))
        with pytest.raises(Error, match=r"(?i)certificate.verify.failed"):
            client(untrusted)
        (seen,) = look_at_clickhouse(untrusted, clickhouse_sentence)
        assert seen.seen == f"the certificate of {settings.clickhouse_url} is not trusted"
        assert "EMISSIONS_CLICKHOUSE_CA_FILE" in seen.remedy
        without = replace(settings, clickhouse_certificate_file=None, clickhouse_key_file=None)
        with pytest.raises(Error):
            client(without)
    key.chmod(0o644)
    (seen,) = look_at_clickhouse(settings, clickhouse_sentence)
    assert "EMISSIONS_CLICKHOUSE_KEY_FILE: everybody may read" in seen.seen
