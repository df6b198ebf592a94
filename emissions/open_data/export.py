"""Writes the open data: days that are new or have changed, then the lists that name them.

Each file is replaced as a whole. What it held before is kept under ``revisions/``, linked there
before the new content takes its place, and the lists are written last: after a crash anywhere the
next export finds what is on the disk, keeps it, and names it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from clickhouse_connect.driver.client import Client

from emissions.open_data.catalogue import (
    FORM,
    LICENCE,
    Manifest,
    Version,
    checksums,
    dcat,
    earlier_path,
    first_open_day,
    last_day,
    path_of,
    with_file,
)
from emissions.open_data.datasets import DATASETS, WRITTEN_ALIKE, Dataset
from streams.sealing.durable import make_directory, replace_file

MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
CATALOGUE: Final = "catalog.jsonld"
LICENCE_FILE: Final = "LICENSE.txt"
CHECKPOINT: Final = "checkpoint"
_LOCK: Final = ".lock"
_EARLIEST: Final = "1970-01-01"
_SETTLED: Final = timedelta(days=10)
"""Nothing comes back to a day without rows after this: later data are too late (72 h)."""

Told = Callable[[str, str, bool], None]
"""Is told of each day: the dataset, the day, and whether its content is new."""


class OpenDataError(Exception):
    """The directory cannot be used as it was asked; one sentence, with what to do."""


def export(
    client: Client,
    directory: Path,
    *,
    now: datetime,
    base: str,
    day: date | None = None,
    log: Path | None = None,
    told: Told = lambda _dataset, _day, _new: None,
) -> Manifest:
    """Write what is new since the last export, or one day again; return what is published.

    ``base`` is the address under which the directory is served, ``log`` the directory of the
    transparency log, whose checkpoint is laid beside. Raises OpenDataError and the errors of
    ``clickhouse_connect``.
    """
    make_directory(directory)
    with _alone(directory):
        manifest = read_manifest(directory)
        for dataset in DATASETS:
            for each, final in _days(client, dataset, manifest, day, now.date()):
                content, rows = _content(client, dataset, each)
                version = Version(
                    path_of(dataset.name, each),
                    hashlib.sha256(content).hexdigest(),
                    len(content),
                    rows,
                    now.astimezone(UTC).isoformat(timespec="seconds"),
                )
                new = _place(directory, dataset.name, each, content, version.sha256)
                manifest = with_file(manifest, dataset.name, each, final, version)
                told(dataset.name, each, new)
        _write_lists(directory, manifest, base, log)
    return manifest


def read_manifest(directory: Path) -> Manifest:
    """Return what a directory says it holds, nothing for a new one. Raises OpenDataError."""
    try:
        found = msgspec.json.decode((directory / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        return Manifest()
    except msgspec.DecodeError as error:
        raise OpenDataError(f"{directory / MANIFEST}: {error}: name another directory") from None
    if found.form != FORM:
        raise OpenDataError(
            f"{directory / MANIFEST} has form {found.form}, this version knows {FORM}: use the "
            "version that wrote it, or another directory"
        )
    return found


def _days(
    client: Client, dataset: Dataset, manifest: Manifest, day: date | None, today: date
) -> list[tuple[str, bool]]:
    """Return the days to write and whether each is final.

    A day whose rows are all gone (its gaps were withdrawn) is among them: its file must not go on
    telling of them.
    """
    first = (
        day.isoformat()
        if day is not None
        else first_open_day(manifest, dataset.name) or last_day(manifest, dataset.name) or _EARLIEST
    )
    found = client.query(dataset.days, {"from": first}).result_rows
    days = [(str(each), bool(final)) for each, final in found]
    there = {each for each, _ in days}
    days += [
        (file.day, today - date.fromisoformat(file.day) > _SETTLED)
        for file in manifest.files
        if file.dataset == dataset.name and file.day >= first and file.day not in there
    ]
    final_ones = {(file.dataset, file.day) for file in manifest.files if file.final and day is None}
    return [
        (each, final)
        for each, final in days
        if (day is None or each == first) and (dataset.name, each) not in final_ones
    ]


def _content(client: Client, dataset: Dataset, day: str) -> tuple[bytes, int]:
    asked: dict[str, Any] = {"day": day}
    counting = f"SELECT count() FROM ({dataset.rows})"  # noqa: S608 - a constant
    rows = client.query(counting, asked).result_rows[0][0]
    content = client.raw_query(dataset.rows, asked, settings=WRITTEN_ALIKE, fmt="Parquet")
    return content, int(rows)


def _place(directory: Path, dataset: str, day: str, content: bytes, sha256: str) -> bool:
    """Put a content in its place and keep the one before; False where it is there already."""
    path = directory / path_of(dataset, day)
    make_directory(path.parent)
    try:
        before = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        before = None
    if before == sha256:
        return False
    if before is not None:
        kept = directory / earlier_path(dataset, day, before)
        make_directory(kept.parent)
        if not kept.exists():
            os.link(path, kept)
    replace_file(path, content)
    return True


def _write_lists(directory: Path, manifest: Manifest, base: str, log: Path | None) -> None:
    others = {
        LICENCE_FILE: LICENCE.encode(),
        CATALOGUE: msgspec.json.format(msgspec.json.encode(dcat(manifest, base))) + b"\n",
        MANIFEST: msgspec.json.format(msgspec.json.encode(manifest)) + b"\n",
    }
    if log is not None and (log / CHECKPOINT).exists():
        others[CHECKPOINT] = (log / CHECKPOINT).read_bytes()
    for name, content in others.items():
        replace_file(directory / name, content)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in others.items()}
    replace_file(directory / SUMS, checksums(manifest, sums).encode())


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    with (directory / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OpenDataError(
                f"another export writes to {directory}: wait for it, or end it"
            ) from None
        yield
