"""Start Java for Kafka, small and fast: loading its 8,000 classes is half of a start."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

_FLAGS: Final = (
    "-Xms96m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # a node of a test does not live long enough for the second one
    "-XX:+ExitOnOutOfMemoryError",
    "-Xshare:auto",
    "-Xlog:disable",  # the JVM's own remarks about its class archive
    "-Djava.net.preferIPv4Stack=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.showShortLogName=true",
)


@dataclass(frozen=True)
class Jvm:
    """Java, Kafka's jars and, if it could be made, an archive of their classes."""

    java: Path
    jars: Path
    archive: tuple[str, ...] = ()  # flags
    properties: tuple[str, ...] = ()  # of the system, name=value

    def archive_file(self) -> Path:
        """Where the archive of this Java and these jars is kept."""
        # An archive is good for the very Java that wrote it.
        said = subprocess.run([self.java, "-version"], capture_output=True, check=False).stderr
        digest = hashlib.sha256(said + os.fsencode(self.java.resolve())).hexdigest()[:16]
        return self.jars.with_name(f"{self.jars.name}-{digest}.jsa")

    def reading(self, archive: Path) -> Self:
        """Return the same Java, loading its classes from the archive."""
        return replace(self, archive=(f"-XX:SharedArchiveFile={archive}",))

    def writing(self, archive: Path) -> Self:
        """Return the same Java, writing the classes that it used to the archive when it ends."""
        return replace(self, archive=(f"-XX:ArchiveClassesAtExit={archive}",))

    def command(self, main: str, *arguments: str) -> list[str]:
        """Return the command line that runs a main class of Kafka."""
        return [
            *(str(self.java), *_FLAGS, *self.archive),
            *(f"-D{each}" for each in self.properties),
            *("-cp", f"{self.jars}/*"),
            *(main, *arguments),
        ]
