"""Authorities and certificates of a test, made when it runs."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_BEGINS: Final = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
_ENDS: Final = datetime.datetime(2120, 1, 1, tzinfo=datetime.UTC)


class Authority:
    """Vouches for certificates; ``ca`` is the file of its own."""

    def __init__(self, directory: Path, name: str = "authority") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        found = self._builder(self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        certificate = found.sign(self._key, hashes.SHA256())
        self.ca = directory / f"{name}.pem"
        self.ca.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def certificate(
        self,
        name: str,
        *,
        password: str | None = None,
        ends: datetime.datetime = _ENDS,
    ) -> tuple[Path, Path]:
        """Files of a certificate for 127.0.0.1 and its private key, which nobody else may read."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        host = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        made = (
            self._builder(subject, key.public_key(), ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([host]), critical=False)
            .add_extension(
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        where = self.directory / f"{name}.crt", self.directory / f"{name}.key"
        where[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
        where[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()
                if password is None
                else serialization.BestAvailableEncryption(password.encode()),
            )
        )
        where[1].chmod(0o600)
        return where

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        ends: datetime.datetime = _ENDS,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_BEGINS)
            .not_valid_after(ends)
        )


def keystore(certificate: Path, key: Path) -> Path:
    """One file of both, as Apache Kafka wants it."""
    found = certificate.with_suffix(".keystore.pem")
    found.write_text(key.read_text() + certificate.read_text())
    found.chmod(0o600)
    return found
