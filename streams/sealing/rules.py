"""Keeps the rule sets that were in force beside the log, one packed file each."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from streams.sealing.durable import make_directory, replace_file
from streams.sealing.log_files import RULES, LogFiles


def keep_rules(files: LogFiles, version: str, packed: bytes) -> Path:
    """Keep a packed rule set as ``rules/VERSION``; return its path.

    The version goes by the rules alone. Where the profile, the fines or the calendar beside them
    changed since, the earlier file stays and this one is named by its hash too.
    """
    make_directory(files.directory / RULES)
    path = files.directory / RULES / version
    if path.exists() and path.read_bytes() != packed:
        path = path.with_name(f"{version}-{sha256(packed).hexdigest()[:12]}")
    if not path.exists():
        replace_file(path, packed)
    return path
