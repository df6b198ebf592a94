"""Record looks at data that is not public; whoever serves such data calls this first."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final

from clickhouse_connect.driver.client import Client

from emissions.publication import RecordKind, Role

_COLUMNS: Final = ("id", "who", "role", "kind", "query", "what", "bins")


def record_access(
    client: Client,
    *,
    who: str,
    role: Role,
    kind: RecordKind,
    query: str,
    what: str,
    bins: Iterable[str] = (),
) -> str:
    """Insert one look into ``access_records``; return its id, a UUID.

    ``query`` is the kind of the question (``page``, ``api``, ``export``), ``what`` the thing asked
    for (a source and an interval, a case), ``bins`` the enterprises. The server says when. Raises
    ValueError for a look of the public or of nobody, and the errors of ``clickhouse_connect``: who
    cannot record a look must not show.
    """
    if role is Role.PUBLIC:
        raise ValueError("the public sees nothing that has to be recorded: give the role it has")
    if not who:
        raise ValueError("nobody looked: give the name with which they signed in")
    identity = str(uuid.uuid4())
    row = [identity, who, role.value, kind.value, query, what, sorted(set(bins))]
    client.insert("access_records", [row], column_names=_COLUMNS)
    return identity
