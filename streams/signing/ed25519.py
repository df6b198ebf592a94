"""Ed25519 by the ``cryptography`` package, with private keys in PEM files (PKCS 8)."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from streams.errors import OperatorError


class KeyFileError(OperatorError):
    """A file of a private key that cannot be used: one sentence, without what is in it."""


class SigningKey:
    """A private key; its `public` half is 32 bytes."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()

    def __call__(self, message: bytes) -> bytes:
        """Sign a message: 64 bytes."""
        return self._key.sign(message)

    def pem(self) -> bytes:
        """Encode the private key as PKCS 8 in PEM, not encrypted."""
        from cryptography.hazmat.primitives import serialization as forms

        plain = forms.NoEncryption()
        return self._key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, plain)


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether a signature of a message was made with the key of ``public`` (32 bytes)."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def new_key() -> SigningKey:
    """Make a key of the system's randomness."""
    return SigningKey(Ed25519PrivateKey.generate())


def key_of(seed: bytes) -> SigningKey:
    """Return the key of a seed of 32 bytes (RFC 8032)."""
    return SigningKey(Ed25519PrivateKey.from_private_bytes(seed))


def write_key(path: Path, key: SigningKey) -> None:
    """Write a private key into a new file that its owner alone may read; raises KeyFileError."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror or error}") from None
    with os.fdopen(file, "wb") as out:
        out.write(key.pem())
        out.flush()
        os.fsync(out.fileno())


def read_key_of(variable: str, path: str, remedy: str) -> SigningKey:
    """Read the private key that a setting names.

    Raises KeyFileError, with the setting, and what to do where the file is not there.
    """
    try:
        return read_key(Path(path))
    except KeyFileError as error:
        missing = "" if Path(path).exists() else f": {remedy}"
        raise KeyFileError(f"{variable}: {error}{missing}") from None


def read_key(path: Path) -> SigningKey:
    """Read a private key from its file.

    Raises KeyFileError where it is no Ed25519 key, or where others than its owner may read it.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(1 << 16)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror or error}") from None
    if mode & 0o077:
        raise KeyFileError(f"{path}: others than its owner may read this private key: chmod 600")
    # Imported where it is needed: whoever only verifies a signature need not wait for it.
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(f"{path} holds no private key in PEM without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} holds a key of another kind than Ed25519")
    return SigningKey(key)
