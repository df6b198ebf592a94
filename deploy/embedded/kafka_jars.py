"""Resolve Apache Kafka's jars with Maven, once per version, into the user's cache."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

POM: Final = Path(__file__).parent.parent / "kafka" / "pom.xml"
_LEAST_JAVA: Final = 17
_MAVEN_S: Final = 900.0


class KafkaUnavailable(RuntimeError):  # noqa: N818 - a state of the machine, not a mistake
    """Apache Kafka cannot run on this machine; the message names what is missing."""


@functools.cache
def java() -> Path:
    """Return the Java executable (``JAVA_HOME`` first, then ``PATH``).

    Raises `KafkaUnavailable` if there is none, or one that is too old for Kafka.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if found is None:
        where = f"in JAVA_HOME ({home})" if home else "in PATH"
        raise KafkaUnavailable(f"Apache Kafka needs Java {_LEAST_JAVA}: no java {where}")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)
    number = re.search(r'version "(\d+)', said.stderr)
    if number is None or int(number[1]) < _LEAST_JAVA:
        version = (said.stderr.strip().splitlines() or ["says nothing"])[0]
        raise KafkaUnavailable(f"Apache Kafka needs Java {_LEAST_JAVA}: {found} is {version}")
    return Path(found)


def version() -> str:
    """Return the version of Apache Kafka that the pom pins."""
    found = re.search(r"<artifactId>kafka_[\d.]+</artifactId>\s*<version>([^<]+)<", POM.read_text())
    return found[1] if found else "of no version"


def jars(say: Callable[[str], None] | None = None) -> Path:
    """Return the directory of the jars, resolving them if needed.

    ``say`` is called before something slow. Raises `KafkaUnavailable` with one sentence: no Java,
    no Maven, or what Maven could not resolve. Safe when several processes call it at once.
    """
    java()
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    kept = _cache() / f"kafka-{digest}"
    if kept.is_dir():
        return kept
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailable(
            f"the jars of Apache Kafka {version()} are not in {kept} and there is no mvn in PATH"
        )
    if say is not None:
        say(f"resolving Apache Kafka {version()} with Maven into {kept} (once)")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f"{kept.name}.", dir=kept.parent))
    except OSError as error:
        raise KafkaUnavailable(f"the jars of Apache Kafka cannot be kept: {error}") from error
    try:
        _resolve(maven, made)
        made.chmod(0o755)
        _put(made, kept)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return kept


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "emission-streams"


def _resolve(maven: str, into: Path) -> None:
    command = [
        *(maven, "--batch-mode", "--quiet", "--file", str(POM)),
        *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={into}"),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_MAVEN_S
        )
    except subprocess.TimeoutExpired:
        raise KafkaUnavailable(
            f"Maven did not resolve Apache Kafka {version()} within {_MAVEN_S:.0f} s"
        ) from None
    if done.returncode:
        errors = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        said = errors[0].removeprefix("[ERROR]").strip() if errors else "it did not say why"
        raise KafkaUnavailable(f"Maven could not resolve Apache Kafka {version()}: {said}")


def _put(made: Path, kept: Path) -> None:
    """Move the finished directory to its name; another process may have been faster."""
    try:
        made.rename(kept)
    except OSError:
        if not kept.is_dir():
            raise
