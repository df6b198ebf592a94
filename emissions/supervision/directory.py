"""The directory of a local stack: what it is, its keys, and the lock that one process holds."""

from __future__ import annotations

import fcntl
import os
import secrets
import shlex
import shutil
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Literal, Self

import msgspec

from streams.settings import PREFIX, Settings

BrokerKind = Literal["embedded", "kafka"]

FORM: Final = 1
ABOUT: Final = "stack.json"
_LOCK: Final = "lock"
ENV: Final = "env.sh"
_OWN: Final = frozenset({"state_directory", "state_in_memory", "rules"})
"""Settings of the workers alone."""


class StackError(Exception):
    """The directory cannot be used as it was asked; one sentence, with what to do."""


class About(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a directory was made as; it holds for every later start."""

    form: int = FORM
    broker: BrokerKind
    partitions: int
    broker_port: int
    clickhouse_port: int
    portal_port: int = 8080
    simulated_from: str | None = None  # first local day of the simulated nation, ISO


class StackDirectory:
    """A directory that this process alone uses, as a context manager.

    ``broker/`` or ``kafka/`` holds topics and offsets, ``clickhouse/`` the tables, ``state/``
    scratch files, ``transparency-log/`` the log; logs of the parts lie beside them. What an error
    ends before `keep` was called is undone: a new directory is gone, another is as it was.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: IO[str] | None = None
        self._made: list[Path] = []  # directories that were not there, the innermost first
        self._was: bytes | None = None
        self._kept = False

    def __enter__(self) -> Self:
        ancestors = (self.path, *self.path.parents)
        self._made = [each for each in ancestors if not each.exists()]
        self.path.mkdir(parents=True, exist_ok=True)
        if not self._about.exists() and any(each.name != _LOCK for each in self.path.iterdir()):
            raise StackError(
                f"{self.path} holds other files: name an empty or a new directory (--directory)"
            )
        self._lock = (self.path / _LOCK).open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.seek(0)
            owner = self._lock.read().strip() or "unknown"
            self._lock.close()
            raise StackError(
                f"`emissions up` already runs on {self.path} (process {owner}): end that one, or "
                "name another directory (--directory)"
            ) from None
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()
        self._was = self._about.read_bytes() if self._about.exists() else None
        return self

    def keep(self) -> None:
        """Keep from now on what is in it: something has begun to run."""
        self._kept = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lock is None:
            return
        if error is not None and not self._kept:
            self._undo()
        self._lock.close()

    def _undo(self) -> None:
        """Leave the directory as it was found; it was empty where it did not say what it is."""
        if self._was is not None:
            self._write(self._was)
            return
        for each in self.path.iterdir():
            if each.is_dir():
                shutil.rmtree(each)
            else:
                each.unlink()
        for each in self._made:
            with suppress(OSError):  # another has put something beside it
                each.rmdir()

    @property
    def _about(self) -> Path:
        return self.path / ABOUT

    def read(self) -> About | None:
        """Return what the directory was made as, or None where it is new. Raises `StackError`."""
        try:
            found = msgspec.json.decode(self._about.read_bytes(), type=About)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise StackError(f"{self._about}: {error}") from None
        if found.form != FORM:
            raise StackError(
                f"{self._about} has form {found.form}, this version knows {FORM}: use the version "
                "that made it, or another directory"
            )
        return found

    def write(self, about: About) -> None:
        """Keep what the directory is; whole, or not at all."""
        self._write(msgspec.json.format(msgspec.json.encode(about)) + b"\n")

    def _write(self, about: bytes) -> None:
        beside = self._about.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(about)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._about)

    def clickhouse_key(self) -> str:
        """Return the key of the directory's ClickHouse, made at the first start."""
        file = self.path / "clickhouse.key"
        try:
            found = file.read_text().strip()
        except FileNotFoundError:
            found = ""
        if not found:  # also where it was not written in full
            found = secrets.token_urlsafe(32)
            write_private(file, found + "\n")
        return found

    def write_environment(self, settings: Settings) -> Path:
        """Write the variables that lead other commands to the stack; return the file.

        Its owner alone may read it: the key of ClickHouse is among them.
        """
        file = self.path / ENV
        write_private(file, environment(settings))
        return file


def environment(settings: Settings) -> str:
    """Return shell lines that export every setting that differs from its default."""
    given = settings.as_env()
    lines = [
        f"export {PREFIX}{part.name.upper()}={shlex.quote(given[PREFIX + part.name.upper()])}\n"
        for part in fields(settings)
        if part.name in {"broker", "clickhouse_url"}
        or (part.name not in _OWN and getattr(settings, part.name) not in (part.default, None))
    ]
    return "# written anew at each start\n" + "".join(lines)


def write_private(file: Path, text: str) -> None:
    """Write a file that its owner alone may read; whole, or not at all."""
    beside = file.with_name(f"{file.name}.new")
    beside.unlink(missing_ok=True)
    made = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(made, "w", encoding="utf-8") as out:
        out.write(text)
    beside.replace(file)


def fitting(
    found: About | None,
    *,
    broker: BrokerKind | None,
    partitions: int,
    broker_port: int | None,
    clickhouse_port: int | None,
    portal_port: int | None = None,
    defaults: tuple[int, int, int],
) -> About:
    """Return what a directory is from now on: what it was, with other ports where these are given.

    ``found`` is None for a new one; ``broker`` None means whatever it is, embedded at first. Raises
    `StackError` for what cannot change: the broker, and the number of partitions.
    """
    if found is None:
        return About(
            broker=broker or "embedded",
            partitions=partitions,
            broker_port=broker_port or defaults[0],
            clickhouse_port=clickhouse_port or defaults[1],
            portal_port=portal_port or defaults[2],
        )
    if broker is not None and broker != found.broker:
        was = "Apache Kafka" if found.broker == "kafka" else "the embedded broker"
        raise StackError(
            f"this directory was made with {was}, whose topics another broker cannot read: leave "
            "--kafka as it was, or name another directory (--directory)"
        )
    if partitions != found.partitions:
        raise StackError(
            f"this directory was made with {found.partitions} partitions and "
            f"{PREFIX}PARTITIONS is {partitions}: a source would change its partition; set it to "
            f"{found.partitions}, or name another directory (--directory)"
        )
    return msgspec.structs.replace(
        found,
        broker_port=broker_port or found.broker_port,
        clickhouse_port=clickhouse_port or found.clickhouse_port,
        portal_port=portal_port or found.portal_port,
    )
