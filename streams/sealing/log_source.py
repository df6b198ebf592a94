"""Reads the public files of a log from its directory, or from its address on the web."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streams.sealing.log_files import LogError, LogFiles

_MOST_BYTES: Final = 32 * 1024 * 1024  # a bundle of 256 of the longest entries has half of it
_TIMEOUT_S: Final = 20.0


def reader_of(source: str) -> Callable[[str], bytes]:
    """Return a reader of files by their paths below a directory or an http(s) address.

    It raises OSError for a file that cannot be read. Raises LogError where there is no such
    directory.
    """
    if re.match(r"https?://", source):
        return lambda path: _fetched(f"{source.rstrip('/')}/{path}")
    if not Path(source).is_dir():
        raise LogError(f"{source} is no directory of a log, and no http(s) address")
    return LogFiles(Path(source)).read


def _fetched(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - checked
            content: bytes = answer.read(_MOST_BYTES)
            return content
    except urllib.error.URLError as error:
        raise OSError(f"{address}: {error.reason}") from None
