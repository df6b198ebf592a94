"""Keys: known signatures, files that only their owner reads, and files that are none."""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import which

import pytest

from streams.signing.ed25519 import KeyFileError, key_of, new_key, read_key, verify, write_key

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
OF_NOTHING = (
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46"
    "bd25bf5f0595bbe24655141438e7a100b"
)
"""The first vector of RFC 8032, section 7.1."""


def test_the_vector_of_the_standard() -> None:
    key = key_of(SEED)
    assert key.public.hex() == PUBLIC
    assert key(b"").hex() == OF_NOTHING
    assert verify(key.public, bytes.fromhex(OF_NOTHING), b"")
    assert not verify(key.public, bytes.fromhex(OF_NOTHING), b"x")
    assert not verify(key.public, b"short", b"")
    assert not verify(b"short", bytes.fromhex(OF_NOTHING), b"")


def test_a_key_is_read_as_it_was_written(tmp_path: Path) -> None:
    path, key = tmp_path / "log.pem", new_key()
    write_key(path, key)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key(path).public == key.public
    with pytest.raises(KeyFileError, match="File exists"):
        write_key(path, key)
    assert read_key(path).public == key.public


@pytest.mark.process
@pytest.mark.skipif(which("openssl") is None, reason="openssl is not installed")
def test_a_key_of_openssl_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)
    path.chmod(0o600)
    assert len(read_key(path)(b"x")) == 64


def test_a_file_that_is_no_key_is_refused_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with pytest.raises(KeyFileError, match="No such file"):
        read_key(path)
    write_key(path, new_key())
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="others than its owner may read"):
        read_key(path)
    path.write_bytes(b"secret")
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="holds no private key in PEM") as told:
        read_key(path)
    assert "secret" not in str(told.value)
