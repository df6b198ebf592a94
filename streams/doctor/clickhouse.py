"""Whether ClickHouse answers, lets us in, and has the tables and views of this program."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Final

from clickhouse_connect.driver.exceptions import Error

from sinks import clickhouse, migrate
from streams.doctor.check import ANSWER_S, Check
from streams.settings import Settings

PART: Final = "ClickHouse"
TABLES: Final = "tables"
_PASSWORD: Final = frozenset({192, 193, 194, 516})
"""Unknown user, wrong password, password required, authentication failed."""
_RIGHTS: Final = frozenset({164, 291, 497})


def look_at_clickhouse(settings: Settings, sentence: Callable[[Exception], str]) -> list[Check]:
    """Reachable, let in, migrated. ``sentence`` says what an error of the driver means."""
    checks = []
    try:
        with clickhouse.client(settings, database=False, within_s=int(ANSWER_S)) as client:
            what = f"{settings.clickhouse_url} answers (version {client.server_version})"
            checks.append(Check(PART, "ok", what))
            name = settings.clickhouse_database
            found = client.query(
                "SELECT 1 FROM system.databases WHERE name = {name:String}", {"name": name}
            )
            if not found.result_rows:
                return [
                    *checks,
                    Check(TABLES, "MISSING", f"no database {name}", "emissions migrate"),
                ]
            client.database = name
            waiting = migrate.pending(client)
    except Error as error:
        return [*checks, _failed(settings, error, sentence(error), TABLES if checks else PART)]
    last = migrate.migrations()[-1].name
    if waiting:
        what = f"not applied: {', '.join(waiting)}"
        return [*checks, Check(TABLES, "MISSING", what, "emissions migrate")]
    return [*checks, Check(TABLES, "ok", f"database {name} is migrated up to {last}")]


def _failed(settings: Settings, error: Exception, said: str, part: str) -> Check:
    code = getattr(error, "code", None)
    text = str(error)
    url = settings.clickhouse_url
    if code in _PASSWORD:
        what = f"{url} refuses the user {settings.clickhouse_user} or its password"
        return Check(part, "MISSING", what, "correct EMISSIONS_CLICKHOUSE_USER and _PASSWORD")
    if code in _RIGHTS:
        remedy = f"grant the user {settings.clickhouse_user} the right, or name another"
        return Check(part, "UNSEEN", said, f"{remedy} in EMISSIONS_CLICKHOUSE_USER")
    if "CERTIFICATE_VERIFY_FAILED" in text or isinstance(error.__cause__, ssl.SSLError):
        what = f"the certificate of {url} is not trusted"
        return Check(part, "MISSING", what, "name its authority's file in SSL_CERT_FILE")
    if "WRONG_VERSION_NUMBER" in text or "record layer failure" in text:
        return Check(part, "MISSING", f"{url} does not speak TLS", "write http:// for https://")
    if "timed out" in text.lower():
        remedy = "look at its load, or name another in EMISSIONS_CLICKHOUSE_URL"
        return Check(part, "MISSING", f"{url} gave no answer within {ANSWER_S:g} s", remedy)
    if code is None:
        said = f"no ClickHouse answers at {url}"
    remedy = "start ClickHouse, or name it in EMISSIONS_CLICKHOUSE_URL"
    return Check(part, "MISSING", said, remedy)
