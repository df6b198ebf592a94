"""What stands beside the files: their list, their checksums and a DCAT catalogue; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from emissions.open_data.datasets import DATASETS

FORM: Final = 1
LICENCE_ADDRESS: Final = "https://creativecommons.org/licenses/by/4.0/"
LICENCE: Final = """\
Қазақша. Бұл деректерге CC BY 4.0 лицензиясы қолданылады: дереккөзді атап, оларды еркін
пайдалануға, көшіруге және өзгертуге болады.

Русский. Эти данные доступны по лицензии CC BY 4.0: их можно свободно использовать, копировать
и изменять, называя источник.

English. These data are available under CC BY 4.0: use, copy and change them freely and name the
source.

https://creativecommons.org/licenses/by/4.0/
"""
FORMAT: Final = "application/vnd.apache.parquet"


class Version(msgspec.Struct, frozen=True):
    """The content of a file at a time: its path, SHA-256 (hexadecimal), bytes and rows."""

    path: str
    sha256: str
    bytes: int
    rows: int
    written_at: str  # ISO 8601, UTC


class DayFile(msgspec.Struct, frozen=True):
    """A dataset's file of a local day; ``earlier`` are the contents that it had before."""

    dataset: str
    day: str  # ISO date
    final: bool
    current: Version
    earlier: tuple[Version, ...] = ()


class Manifest(msgspec.Struct, frozen=True):
    """Everything that is published, sorted by dataset and day."""

    form: int = FORM
    files: tuple[DayFile, ...] = ()


def path_of(dataset: str, day: str) -> str:
    """Return the path of a day's file below the directory (Hive partitions)."""
    return f"{dataset}/day={day}/{dataset}.parquet"


def earlier_path(dataset: str, day: str, sha256: str) -> str:
    """Return where an earlier content of a day's file is kept."""
    return f"revisions/{dataset}/day={day}/{dataset}-{sha256[:16]}.parquet"


def with_file(manifest: Manifest, dataset: str, day: str, final: bool, new: Version) -> Manifest:
    """Return the manifest with a day's file as it is now; what it was before is kept.

    The same content again changes nothing but ``final``.
    """
    found = {(each.dataset, each.day): each for each in manifest.files}
    before = found.get((dataset, day))
    if before is None:
        now = DayFile(dataset, day, final, new)
    elif before.current.sha256 == new.sha256:
        now = msgspec.structs.replace(before, final=final)
    else:
        kept = msgspec.structs.replace(
            before.current, path=earlier_path(dataset, day, before.current.sha256)
        )
        now = DayFile(dataset, day, final, new, (*before.earlier, kept))
    found[dataset, day] = now
    return Manifest(FORM, tuple(found[key] for key in sorted(found)))


def first_open_day(manifest: Manifest, dataset: str) -> str | None:
    """Return the earliest day of a dataset that is not final; None where all are, or none is."""
    return min(
        (f.day for f in manifest.files if f.dataset == dataset and not f.final), default=None
    )


def last_day(manifest: Manifest, dataset: str) -> str | None:
    """Return the latest day that a dataset has, or None."""
    return max((f.day for f in manifest.files if f.dataset == dataset), default=None)


def checksums(manifest: Manifest, others: Mapping[str, str]) -> str:
    """Return the lines that ``sha256sum --check`` reads; ``others``: path to SHA-256."""
    lines = dict(others)
    for file in manifest.files:
        for version in (file.current, *file.earlier):
            lines[version.path] = version.sha256
    return "".join(f"{lines[path]}  {path}\n" for path in sorted(lines))


def dcat(manifest: Manifest, base: str) -> dict[str, Any]:
    """Return a DCAT catalogue (JSON-LD); ``base``: address of the directory, with its slash."""
    return {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "spdx": "http://spdx.org/rdf/terms#",
        },
        "@id": f"{base}catalog.jsonld",
        "@type": "dcat:Catalog",
        "dct:title": "Emissions of the large enterprises of Kazakhstan",
        "dct:license": {"@id": LICENCE_ADDRESS},
        "dcat:dataset": [
            {
                "@id": f"{base}{dataset.name}/",
                "@type": "dcat:Dataset",
                "dct:title": dataset.title,
                "dct:description": dataset.description,
                "dct:license": {"@id": LICENCE_ADDRESS},
                "dct:accrualPeriodicity": {
                    "@id": "http://publications.europa.eu/resource/authority/frequency/DAILY"
                },
                "dcat:distribution": _distributions(manifest.files, dataset.name, base),
            }
            for dataset in DATASETS
        ],
    }


def _distributions(files: Sequence[DayFile], dataset: str, base: str) -> list[dict[str, Any]]:
    return [
        {
            "@type": "dcat:Distribution",
            "dct:title": file.day,
            "dcat:downloadURL": {"@id": base + file.current.path},
            "dcat:mediaType": FORMAT,
            "dcat:byteSize": file.current.bytes,
            "spdx:checksum": {
                "@type": "spdx:Checksum",
                "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
                "spdx:checksumValue": file.current.sha256,
            },
        }
        for file in files
        if file.dataset == dataset
    ]
