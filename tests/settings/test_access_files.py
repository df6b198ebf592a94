"""Files of secrets, keys and certificates: who may read them, and what is wrong with them."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.access_files import AccessFileError, client_context, read_secret
from tests.support.certificates import Authority, keystore

NAME = "EMISSIONS_X_FILE"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def context(ca: Path | None = None, **given: object) -> ssl.SSLContext:
    texts = {name: str(value) for name, value in given.items()}
    return client_context(ca=None if ca is None else str(ca), setting="EMISSIONS_X", **texts)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (0o644, "everybody may read"),
        (0o604, "everybody may read"),
        (0o620, "others than its owner may change"),
        (0o602, "others than its owner may change"),
    ],
)
def test_a_file_that_others_may_read_or_change_is_refused(
    tmp_path: Path, mode: int, said: str
) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret")
    file.chmod(mode)
    with pytest.raises(AccessFileError, match=f"{NAME}: {said} {file}: chmod 600") as caught:
        read_secret(file, NAME)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_the_owner_and_the_group_may_read_it(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret"
    file.write_text("with blanks \n")
    file.chmod(mode)
    assert read_secret(file, NAME) == "with blanks "


def test_a_read_only_mount_of_an_orchestrator_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret")
    file.chmod(0o644)
    there = os.statvfs(tmp_path)
    values = list(there)
    values[8] |= os.ST_RDONLY
    monkeypatch.setattr(os, "fstatvfs", lambda _: os.statvfs_result(values))
    assert read_secret(file, NAME) == "s3cret"


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo\n", b"\xff\xfe"])
def test_a_secret_is_one_line_of_text(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(AccessFileError, match=f"{NAME}: {file} (must hold one line|is not text)"):
        read_secret(file, NAME)


def test_a_directory_and_nothing_at_all(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(AccessFileError, match=f"{NAME}: {path}"):
            read_secret(path, NAME)


def test_certificates_are_taken(authority: Authority) -> None:
    certificate, key = authority.certificate("client")
    found = context(authority.ca, certificate=certificate, key=key)
    assert found.check_hostname
    assert found.verify_mode == ssl.CERT_REQUIRED
    assert len(found.get_ca_certs()) == 1, "no authority of the system beside it"
    assert context(authority.ca, certificate=keystore(certificate, key))
    locked, key = authority.certificate("locked", password="opens")  # noqa: S106
    assert context(authority.ca, certificate=locked, key=key, key_password="opens")  # noqa: S106


Wrong = Callable[[Authority, Path], dict[str, object]]


def other_key(authority: Authority, _: Path) -> dict[str, object]:
    return {
        "certificate": authority.certificate("one")[0],
        "key": authority.certificate("other")[1],
    }


def locked(authority: Authority, _: Path) -> dict[str, object]:
    certificate, key = authority.certificate("locked", password="opens")  # noqa: S106
    return {"certificate": certificate, "key": key}


def locked_otherwise(authority: Authority, there: Path) -> dict[str, object]:
    return {**locked(authority, there), "key_password": "s3cret"}


def no_key(authority: Authority, there: Path) -> dict[str, object]:
    file = there / "key"
    file.write_text("nothing")
    file.chmod(0o600)
    return {"certificate": authority.certificate("one")[0], "key": file}


def open_key(authority: Authority, _: Path) -> dict[str, object]:
    certificate, key = authority.certificate("open")
    key.chmod(0o644)
    return {"certificate": certificate, "key": key}


def no_authority(_: Authority, there: Path) -> dict[str, object]:
    file = there / "ca"
    file.write_text("nothing")
    return {"ca": file}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (other_key, "EMISSIONS_X_KEY_FILE: the key in .* is not that of"),
        (locked, "EMISSIONS_X_KEY_PASSWORD is needed for the private key"),
        (locked_otherwise, "EMISSIONS_X_KEY_PASSWORD is not the password of the private key"),
        (no_key, "EMISSIONS_X_KEY_FILE: .* holds no private key in PEM"),
        (open_key, "EMISSIONS_X_KEY_FILE: everybody may read"),
        (no_authority, "EMISSIONS_X_CA_FILE: .* holds no certificates in PEM"),
    ],
)
def test_what_is_wrong_with_a_key_is_said(
    authority: Authority, tmp_path: Path, wrong: Wrong, said: str
) -> None:
    with pytest.raises(AccessFileError, match=said) as caught:
        context(**wrong(authority, tmp_path))  # type: ignore[arg-type]
    assert "s3cret" not in str(caught.value)
