"""Prometheus' own tool: that of PATH, or of Debian's package, kept with the user's caches."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest

_PACKAGE_S: Final = 300.0


def promtool(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run promtool; skips the test where there is neither it nor a way to get it.

    A build that has Debian's package client must not pass without it.
    """
    try:
        program = _program()
    except (OSError, subprocess.SubprocessError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"apt-get cannot bring promtool: {error}")
    if program is None:
        pytest.skip("it needs promtool in PATH, or apt-get and dpkg")
    return subprocess.run(
        [program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@functools.cache
def _program() -> str | None:
    found = shutil.which("promtool")
    if found is not None:
        return found
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        return None
    home = os.environ.get("XDG_CACHE_HOME")
    caches = (Path(home) if home else Path.home() / ".cache") / "emission-streams"
    kept = caches / "promtool"
    if not kept.exists():
        caches.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="promtool.", dir=caches))
        try:
            _download(made)
            (package,) = made.glob("prometheus_*.deb")
            _run("dpkg", "-x", str(package), "content", cwd=made)
            (made / "content" / "usr" / "bin" / "promtool").rename(kept)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return str(kept)


def _download(folder: Path) -> None:
    """Download the package; ask for the lists of packages first where they are not there."""
    try:
        _run("apt-get", "download", "prometheus", cwd=folder)
    except subprocess.CalledProcessError:
        _run("apt-get", "update", "-qq", cwd=folder)
        _run("apt-get", "download", "prometheus", cwd=folder)


def _run(*command: str, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, timeout=_PACKAGE_S)
