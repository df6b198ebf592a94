from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.evidence.bundle.archive import (
    DIRECTORY,
    ArchiveError,
    NoArchiveError,
    is_name,
    pack,
    unpack,
)

NAMES = st.from_regex(r"[a-z][a-z0-9._-]{0,8}(/[a-z][a-z0-9]{0,4})?", fullmatch=True)
FILES = {"a/b.bin": b"\x00\x01", "c.txt": b"", "d": b"PK\x05\x06" * 9}


@given(st.dictionaries(NAMES, st.binary(max_size=60), min_size=1, max_size=5))
def test_files_come_back_and_another_program_reads_them(files: dict[str, bytes]) -> None:
    packed = pack(files)
    assert unpack(packed) == files
    with zipfile.ZipFile(BytesIO(packed)) as found:
        assert {each: found.read(each) for each in found.namelist()} == files
        assert found.testzip() is None


def test_the_order_given_does_not_matter() -> None:
    assert pack(FILES) == pack(dict(reversed(FILES.items())))


def test_every_changed_byte_is_found() -> None:
    packed = pack(FILES)
    for at in range(len(packed)):
        for bit in (1, 128):
            changed = bytearray(packed)
            changed[at] ^= bit
            with pytest.raises((ArchiveError, NoArchiveError)):
                unpack(bytes(changed))


@pytest.mark.parametrize("cut", [1, 21, 22, 60, len(pack(FILES)) - 4])
def test_a_file_that_is_cut_off_is_found(cut: int) -> None:
    with pytest.raises((ArchiveError, NoArchiveError)):
        unpack(pack(FILES)[:-cut])


@pytest.mark.parametrize(
    "other",
    [
        pack(FILES) + b"x",
        b"x" + pack(FILES),
        pack(FILES) + pack(FILES),
        b"PK\x03\x04" + pack(FILES),
    ],
)
def test_what_is_put_before_or_behind_is_found(other: bytes) -> None:
    with pytest.raises(ArchiveError) as found:
        unpack(other)
    assert found.value.where == DIRECTORY


def zipped(**options: object) -> bytes:
    """The same files as another program packs them."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as made:
        for name, content in sorted(FILES.items()):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            for key, value in options.items():
                if key != "comment":
                    setattr(info, key, value)
            made.writestr(info, content)
        if "comment" in options:
            made.comment = b"hidden"
    return out.getvalue()


@pytest.mark.parametrize(
    "options",
    [{"comment": b"hidden"}, {"extra": b"\x99\x99\x02\x00hi"}, {"date_time": (2026, 5, 4, 0, 0, 0)},
     {"compress_type": zipfile.ZIP_DEFLATED}, {}],
)  # fmt: skip
def test_an_archive_of_another_form_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ArchiveError):
        unpack(zipped(**options))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_second_file_of_a_name_is_found() -> None:
    packed = pack({"a": b"1", "b": b"2"}).replace(b"b", b"a")
    with pytest.raises(ArchiveError) as found:
        unpack(packed)
    assert found.value.where == "a"


def test_what_is_no_archive_is_told_apart() -> None:
    for other in (b"", b"%PDF-1.7", b"\x00" * 100):
        with pytest.raises(NoArchiveError):
            unpack(other)


@pytest.mark.parametrize(
    "name", ["", "/a", "../a", "a/../b", "a//b", "a/", "с", "a b", ".a", "x" * 256]
)
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(ValueError, match="no file in an archive"):
        pack({name: b""})
