"""The manifest keeps what a file was before; the lists name every content."""

from __future__ import annotations

import hashlib

from emissions.open_data.catalogue import (
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


def version(content: bytes, day: str = "2026-05-04") -> Version:
    return Version(
        path_of("means", day), hashlib.sha256(content).hexdigest(), len(content), 3, "2026-05-05"
    )


def test_the_same_content_again_only_becomes_final() -> None:
    one = with_file(Manifest(), "means", "2026-05-04", False, version(b"a"))
    again = with_file(one, "means", "2026-05-04", True, version(b"a"))
    assert (again.files[0].current, again.files[0].earlier) == (one.files[0].current, ())
    assert again.files[0].final


def test_what_a_file_was_before_is_named_where_it_is_kept() -> None:
    one, other = version(b"a"), version(b"b")
    manifest = with_file(Manifest(), "means", "2026-05-04", False, one)
    manifest = with_file(manifest, "means", "2026-05-04", False, other)
    (file,) = manifest.files
    assert file.current == other
    assert [each.path for each in file.earlier] == [earlier_path("means", "2026-05-04", one.sha256)]
    assert checksums(manifest, {"LICENSE.txt": "0" * 64}).splitlines() == [
        f"{'0' * 64}  LICENSE.txt",
        f"{other.sha256}  means/day=2026-05-04/means.parquet",
        f"{one.sha256}  {file.earlier[0].path}",
    ]


def test_the_next_export_begins_at_the_first_day_that_is_not_final() -> None:
    manifest = Manifest()
    assert (first_open_day(manifest, "means"), last_day(manifest, "means")) == (None, None)
    for day, final in (("2026-05-03", True), ("2026-05-05", False), ("2026-05-04", False)):
        manifest = with_file(manifest, "means", day, final, version(day.encode(), day))
    assert first_open_day(manifest, "means") == "2026-05-04"
    assert last_day(manifest, "means") == "2026-05-05"
    assert first_open_day(manifest, "gaps") is None


def test_the_catalogue_names_each_file_with_its_checksum() -> None:
    manifest = with_file(Manifest(), "means", "2026-05-04", True, version(b"a"))
    told = dcat(manifest, "https://portal/data/")
    means = next(each for each in told["dcat:dataset"] if each["@id"].endswith("/means/"))
    (file,) = means["dcat:distribution"]
    assert file["dcat:downloadURL"]["@id"] == (
        "https://portal/data/means/day=2026-05-04/means.parquet"
    )
    assert file["spdx:checksum"]["spdx:checksumValue"] == version(b"a").sha256
