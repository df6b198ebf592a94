"""Reads the files that prove who a client is: secrets, and keys and certificates for TLS."""

from __future__ import annotations

import os
import ssl
import stat
from pathlib import Path
from typing import Final

from streams.errors import OperatorError

_MOST_BYTES: Final = 64 * 1024


class AccessFileError(OperatorError, OSError):
    """A file of a secret, key or certificate cannot be used; the text is a sentence.

    An `OSError` too: while a worker runs, a file that is being replaced is tried again like a
    broker that is away.
    """


def read_secret(path: Path, variable: str) -> str:
    """Return the one line of a file that holds a secret; ``variable`` names it in errors.

    The group may read it, as orchestrators arrange it; others may only where it lies on a read-only
    mount, which is how orchestrators hand over secrets. Raises AccessFileError.
    """
    content = _private(path, variable)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise AccessFileError(f"{variable}: {path} is not text in UTF-8") from None
    lines = text.splitlines()
    if len(lines) != 1 or not lines[0]:
        raise AccessFileError(f"{variable}: {path} must hold one line, the secret and nothing else")
    return lines[0]


def check_private(path: Path, variable: str) -> None:
    """Refuse a file with secrets that others may change or read, as `read_secret` does.

    ``variable`` names it in errors. Raises AccessFileError.
    """
    _, found, mount = _read(path, variable)
    _refuse_others(path, variable, found, mount)


def client_context(
    *,
    ca: str | None,
    certificate: str | None = None,
    key: str | None = None,
    key_password: str | None = None,
    setting: str,
) -> ssl.SSLContext:
    """Return a TLS context of a client that checks the server's certificate and name.

    ``ca``: file of the only authorities that are trusted, PEM; None: those of the system, or of
    ``SSL_CERT_FILE``. ``certificate`` and ``key``: files of the client's own, PEM; a key may stand
    in the certificate's file. ``setting`` is the prefix of the settings in errors, such as
    ``EMISSIONS_BROKER``. Raises AccessFileError.
    """
    context = ssl.create_default_context()
    if ca is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks certificate and name
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        variable = f"{setting}_CA_FILE"
        _read(Path(ca), variable)
        try:
            context.load_verify_locations(cafile=ca)
        except ssl.SSLError:
            raise AccessFileError(f"{variable}: {ca} holds no certificates in PEM") from None
    if certificate is not None:
        _load_own(context, certificate, key, key_password, setting)
    return context


def check_certificate_files(ca: str | None, certificate: str | None, key: str | None) -> None:
    """Check the files of ClickHouse, whose client loads them by itself. Raises AccessFileError."""
    client_context(ca=ca, certificate=certificate, key=key, setting="EMISSIONS_CLICKHOUSE")


def _load_own(
    context: ssl.SSLContext, certificate: str, key: str | None, password: str | None, setting: str
) -> None:
    variable = f"{setting}_CERTIFICATE_FILE"
    if key is None:
        _private(Path(certificate), variable)  # it holds the key too
    else:
        _read(Path(certificate), variable)
        _private(Path(key), f"{setting}_KEY_FILE")
    try:
        # A callable: without a password OpenSSL would ask for one at the terminal, and wait.
        context.load_cert_chain(certificate, key, password=lambda: password or "")
    except ssl.SSLError as error:
        raise AccessFileError(_why_not_loaded(error, certificate, key, password, setting)) from None


def _why_not_loaded(
    error: ssl.SSLError, certificate: str, key: str | None, password: str | None, setting: str
) -> str:
    where = key or certificate
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"{setting}_KEY_FILE: the key in {where} is not that of {certificate}"
    held = Path(where).read_bytes()
    if b"ENCRYPTED" in held:
        wrong = "is not the password of" if password else "is needed for"
        return f"{setting}_KEY_PASSWORD {wrong} the private key in {where}"
    if b"PRIVATE KEY" not in held:
        name = "KEY" if key is not None else "CERTIFICATE"
        return f"{setting}_{name}_FILE: {where} holds no private key in PEM"
    return f"{setting}_CERTIFICATE_FILE: {certificate} holds no certificate in PEM"


def _read(path: Path, variable: str) -> tuple[bytes, os.stat_result, os.statvfs_result]:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise AccessFileError(f"{variable}: {path} is no file")
            content = file.read(_MOST_BYTES + 1)
            mount = os.fstatvfs(file.fileno())
    except AccessFileError:
        raise
    except OSError as error:
        raise AccessFileError(f"{variable}: {path}: {error.strerror or error}") from None
    return content, found, mount


def _private(path: Path, variable: str) -> bytes:
    """Return what a file holds that others may neither change nor read."""
    content, found, mount = _read(path, variable)
    if len(content) > _MOST_BYTES:
        raise AccessFileError(f"{variable}: {path} has more than {_MOST_BYTES} bytes")
    _refuse_others(path, variable, found, mount)
    return content


def _refuse_others(
    path: Path, variable: str, found: os.stat_result, mount: os.statvfs_result
) -> None:
    read_only = mount.f_flag & os.ST_RDONLY
    if found.st_mode & 0o022 and not read_only:
        raise AccessFileError(f"{variable}: others than its owner may change {path}: chmod 600")
    if found.st_mode & 0o004 and not read_only:
        raise AccessFileError(f"{variable}: everybody may read {path}: chmod 600")
