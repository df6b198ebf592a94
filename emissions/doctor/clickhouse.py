"""Check that ClickHouse answers, accepts the user, has time and room, and is migrated."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Final

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error

from emissions.doctor import clocks, disk
from emissions.doctor.check import ANSWER_S, PartCheck
from emissions.doctor.versions import clickhouse_release
from sinks import clickhouse, migrate, retention
from streams.access_files import AccessFileError
from streams.settings import Settings

PART: Final = "ClickHouse"
TABLES: Final = "tables"
_NAMED: Final = 3
_PASSWORD: Final = frozenset({192, 193, 194, 516})
"""Unknown user, wrong password, password required, authentication failed."""
_RIGHTS: Final = frozenset({164, 291, 497})


def look_at_clickhouse(settings: Settings, sentence: Callable[[Exception], str]) -> list[PartCheck]:
    """Check access and migrations; ``sentence`` explains an error of the driver."""
    checks = []
    try:
        with clickhouse.client(settings, database=False, within_s=int(ANSWER_S)) as client:
            what = f"{settings.clickhouse_url} answers (version {client.server_version})"
            checks.append(PartCheck(PART, "ok", what))
            checks.append(clickhouse_release(str(client.server_version)))
            checks += _machine(client)
            name = settings.clickhouse_database
            found = client.query(
                "SELECT 1 FROM system.databases WHERE name = {name:String}", {"name": name}
            )
            if not found.result_rows:
                return [
                    *checks,
                    PartCheck(TABLES, "MISSING", f"no database {name}", "emissions migrate"),
                ]
            client.database = name
            tables = _tables(client, settings)
            checks += _expiring(client, settings)
    except AccessFileError as error:
        return [PartCheck(PART, "MISSING", str(error), "correct the file or the setting")]
    except Error as error:
        return [*checks, _failed(settings, error, sentence(error), TABLES if checks else PART)]
    return [*checks, tables]


def _tables(client: Client, settings: Settings) -> PartCheck:
    """Check that each migration was applied, no other was, and that what they made is there."""
    name = settings.clickhouse_database
    conflict = migrate.conflict(client, name)
    if conflict is not None:
        remedy = "run the version of this program that migrated it last, or a newer one"
        return PartCheck(TABLES, "MISSING", conflict, remedy)
    waiting = migrate.pending(client)
    if waiting:
        what = f"not applied: {', '.join(waiting)}"
        return PartCheck(TABLES, "MISSING", what, "emissions migrate")
    gone = migrate.lacking(client, name, settings.clickhouse_cluster)
    if gone:
        more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
        named = f"{', '.join(gone[:_NAMED])}{more}"
        if int(str(client.command(f"CHECK GRANT SHOW TABLES ON `{name}`.*"))):
            what = f"database {name} lacks {named}, which its migrations made"
            remedy = (
                "bring the database back from its backup: emissions migrate makes nothing twice"
            )
            return PartCheck(TABLES, "MISSING", what, remedy)
        what = f"user {settings.clickhouse_user} may not see all tables; not seen: {named}"
        return PartCheck(TABLES, "UNSEEN", what, f"GRANT SHOW TABLES ON {name}.* to that user")
    last = migrate.migrations()[-1].name
    return PartCheck(TABLES, "ok", f"database {name} is migrated up to {last}, all tables there")


def _expiring(client: Client, settings: Settings) -> list[PartCheck]:
    """Report each table that deletes rows sooner than the settings, and so the law, allow."""
    years = settings.retention_raw_years
    return [
        PartCheck(
            "retention",
            "MISSING",
            f"{table} deletes rows too soon (TTL {ttl}): they are evidence (Order 208, point 30)",
            f"ALTER TABLE {settings.clickhouse_database}.{table} "
            + (
                f"MODIFY TTL stored_on + INTERVAL {years} YEAR"
                if table.startswith("raw_messages")
                else "REMOVE TTL"
            ),
        )
        for table, ttl in retention.too_short(client, years).items()
    ]


def _machine(client: Client) -> list[PartCheck]:
    """Check the clock and the disks of the server; nothing of what its user may not ask."""
    found = []
    try:
        after = clocks.now_ms()
        said = client.command("SELECT toUnixTimestamp64Milli(now64(3))", use_database=False)
        seen = clocks.ClockReading(int(str(said)), after, clocks.now_ms())
        found.append(clocks.judged("ClickHouse's clock", seen.ahead_s))
        rows = client.query("SELECT name, total_space, unreserved_space FROM system.disks")
        found += disk.of_clickhouse(iter(rows.result_rows))  # type: ignore[arg-type]
    except Error as error:
        if getattr(error, "code", None) not in _RIGHTS:
            raise
    return found


def _failed(settings: Settings, error: Exception, said: str, part: str) -> PartCheck:
    code = getattr(error, "code", None)
    text = str(error)
    url = settings.clickhouse_url
    if code in _PASSWORD:
        what = f"{url} rejects the user {settings.clickhouse_user} or its password"
        return PartCheck(part, "MISSING", what, "correct EMISSIONS_CLICKHOUSE_USER and _PASSWORD")
    if code in _RIGHTS:
        remedy = f"grant the right to user {settings.clickhouse_user}, or set another"
        return PartCheck(part, "UNSEEN", said, f"{remedy} in EMISSIONS_CLICKHOUSE_USER")
    if "CERTIFICATE_VERIFY_FAILED" in text or isinstance(error.__cause__, ssl.SSLError):
        what = f"the certificate of {url} is not trusted"
        remedy = "set EMISSIONS_CLICKHOUSE_CA_FILE to the certificates of its authority"
        return PartCheck(part, "MISSING", what, remedy)
    if "WRONG_VERSION_NUMBER" in text or "record layer failure" in text:
        return PartCheck(
            part, "MISSING", f"{url} does not speak TLS", "use http:// instead of https://"
        )
    if "timed out" in text.lower():
        remedy = "check its load, or set EMISSIONS_CLICKHOUSE_URL"
        return PartCheck(part, "MISSING", f"{url} did not answer within {ANSWER_S:g} s", remedy)
    if code is None:
        said = f"no ClickHouse answers at {url}"
    remedy = "start ClickHouse, or set EMISSIONS_CLICKHOUSE_URL"
    return PartCheck(part, "MISSING", said, remedy)
