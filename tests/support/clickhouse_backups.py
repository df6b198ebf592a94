"""The embedded ClickHouse with a disk for backups beside its data, as a deployment's server has.

``python -m tests.support.clickhouse_backups`` is the embedded server, which refuses whatever leaves
its database, with the rights and the disk that BACKUP and RESTORE need. The backups outlive the
loss of the data.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Final

from deploy.embedded import clickhouse_check, clickhouse_engine, clickhouse_server
from deploy.embedded.clickhouse import EmbeddedClickHouse
from deploy.embedded.clickhouse_check import refused_calls
from deploy.embedded.clickhouse_users import write_access

DISK: Final = "backups"
_GRANTS: Final = "<query>GRANT BACKUP ON *.*</query><query>GRANT READ, WRITE ON DISK</query>"


class ClickHouseWithBackups(EmbeddedClickHouse):
    """A server that can be backed up, and whose data can be lost."""

    module: ClassVar[str] = "tests.support.clickhouse_backups"


def backup_directory(path: Path) -> Path:
    """Return where the backups of a server with its data in ``path`` are."""
    return path.parent / f"{path.name}-backups"


def _with_disk(directory: Path) -> Path:
    """Write the configuration of the server, and into it the disk and the rights."""
    config = write_access(directory)
    place = backup_directory(directory.parent.resolve())
    place.mkdir(exist_ok=True)
    disk = (
        f"<backups><allowed_disk>{DISK}</allowed_disk></backups><storage_configuration><disks>"
        f"<{DISK}><type>local</type><path>{place}/</path></{DISK}></disks></storage_configuration>"
    )
    _put_before(config, "</clickhouse>", disk)
    _put_before(directory / "users.xml", "</grants>", _GRANTS)
    return config


def _put_before(file: Path, mark: str, text: str) -> None:
    found = file.read_text(encoding="utf-8")
    assert found.count(mark) == 1, file
    file.write_text(found.replace(mark, text + mark), encoding="utf-8")


def _allowed(table_functions: Iterable[str]) -> frozenset[str]:
    return refused_calls(table_functions) - {"disk"}


if __name__ == "__main__":
    clickhouse_engine.write_access = _with_disk  # type: ignore[attr-defined]
    clickhouse_engine.refused_calls = _allowed  # type: ignore[attr-defined]
    clickhouse_check._CHANGING |= {"BACKUP", "RESTORE"}  # type: ignore[misc]
    sys.exit(clickhouse_server.main())
