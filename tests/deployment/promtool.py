"""Tools of Prometheus: those of PATH, or of Debian's packages, kept with the user's caches."""

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
    return _run_tool("promtool", "prometheus", *arguments, cwd=cwd)


def amtool(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run amtool, the tool of Alertmanager, likewise."""
    return _run_tool("amtool", "prometheus-alertmanager", *arguments, cwd=cwd)


def _run_tool(
    name: str, package: str, *arguments: str, cwd: Path
) -> subprocess.CompletedProcess[str]:
    try:
        program = _program(name, package)
    except (OSError, subprocess.SubprocessError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"apt-get cannot bring {name}: {error}")
    if program is None:
        pytest.skip(f"it needs {name} in PATH, or apt-get and dpkg")
    return subprocess.run(
        [program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )


@functools.cache
def _program(name: str, package: str) -> str | None:
    found = shutil.which(name)
    if found is not None:
        return found
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        return None
    home = os.environ.get("XDG_CACHE_HOME")
    caches = (Path(home) if home else Path.home() / ".cache") / "emission-streams"
    kept = caches / name
    if not kept.exists():
        caches.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=caches))
        try:
            _download(package, made)
            (archive,) = made.glob(f"{package}_*.deb")
            _run("dpkg", "-x", str(archive), "content", cwd=made)
            (made / "content" / "usr" / "bin" / name).rename(kept)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return str(kept)


def _download(package: str, folder: Path) -> None:
    """Download the package; ask for the lists of packages first where they are not there."""
    try:
        _run("apt-get", "download", package, cwd=folder)
    except subprocess.CalledProcessError:
        _run("apt-get", "update", "-qq", cwd=folder)
        _run("apt-get", "download", package, cwd=folder)


def _run(*command: str, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, timeout=_PACKAGE_S)
