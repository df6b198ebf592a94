"""What one replay of the worked example left: tests of the whole run read it and change nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple


class ExampleRun(NamedTuple):
    """The directory of the replay."""

    directory: Path

    @property
    def out(self) -> Path:
        """What it exported."""
        return self.directory / "out"

    def copy_store(self, directory: Path) -> Path:
        """Copy the data of its ClickHouse: a server changes them also where it only answers."""
        stored = self.directory / "workspace" / "clickhouse"
        shutil.copytree(stored, directory / "clickhouse", symlinks=True)  # tables are links
        return directory / "clickhouse"
