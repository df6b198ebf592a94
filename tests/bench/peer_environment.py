"""The environment of the peers: made once by the bench, outside of the project's own.

It is kept in the user's cache under a hash of ``peers/requirements.txt`` and of the Python that
runs it, so a change of either makes a new one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
REQUIREMENTS = PEERS / "requirements.txt"


class PeersError(RuntimeError):
    """The environment of the peers could not be made; the text says why."""


def peer_scripts() -> list[Path]:
    """The scripts of the peers."""
    return sorted(PEERS.glob("*_peer.py"))


def peer_python() -> Path:
    """The Python of the peers; the first time on a machine, what they need is installed.

    Raises `PeersError`.
    """
    key = REQUIREMENTS.read_bytes() + sys.version.encode()
    kept = _cache() / f"bench-peers-{hashlib.sha256(key).hexdigest()[:16]}"
    python = kept / "bin" / "python"
    if (kept / "ready").exists():
        return python
    print(f"installing the peers in {kept} (once)", flush=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(kept, ignore_errors=True)  # of an installation that was cut short
    _run([sys.executable, "-m", "venv", str(kept)])
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
          "--requirement", str(REQUIREMENTS)])  # fmt: skip
    (kept / "ready").touch()
    return python


def _run(command: list[str]) -> None:
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.run(command, stdout=said, stderr=subprocess.STDOUT, check=False)
        if process.returncode:
            said.seek(0)
            lines = said.read().strip().splitlines()
            why = lines[-1] if lines else "it said nothing"
            raise PeersError(f"{' '.join(command[1:4])} ended with {process.returncode}: {why}")


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "emission-streams"
