"""Verifies the bundle on standard input in a process of its own, with bounded time and memory.

    python -I -m emissions.verify.isolated [KEY]... < bundle.zip

Whoever makes a bundle may put anything into it, so the portal verifies none in its own process.
Writes one JSON object: a ``Verdict``.
"""

from __future__ import annotations

import resource
import sys
from typing import Final

import msgspec

from emissions.verify.run import Verification, verify_bundle
from streams.core.evidence.bundle.archive import NoArchiveError
from streams.core.evidence.bundle.check import NoBundleError
from streams.core.evidence.note import parse_key

MOST_BYTES: Final = 16 * 1024 * 1024
"""Bytes of a bundle that is verified here."""
_MEMORY: Final = 2 * 1024**3
_PROCESSOR_S: Final = 60


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was found; None where the file is no bundle."""

    found: Verification | None = None


def judge(data: bytes, keys: list[str]) -> Verdict:
    """Verify the bytes of a bundle against keys that are trusted. Raises FormError for a key."""
    trusted = [parse_key(each) for each in keys]
    try:
        return Verdict(verify_bundle(data, trusted))
    except (NoArchiveError, NoBundleError):
        return Verdict()


def main() -> None:
    """Verify standard input and write the verdict."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_S, _PROCESSOR_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    data = sys.stdin.buffer.read(MOST_BYTES + 1)
    sys.stdout.buffer.write(msgspec.json.encode(judge(data, sys.argv[1:])))


if __name__ == "__main__":
    main()
