"""Verifies an ID token (OpenID Connect Core, 3.1.3.7), from the token and the keys alone."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

ALGORITHMS: Final = ("RS256", "PS256", "ES256")
"""Signatures that are believed: none with a shared secret, and not none at all."""

MOST_TOKEN: Final = 32 * 1024
_LEAST_RSA: Final = 2048
_IN_USE_S: Final = 600.0
"""A token is used at once: one that was issued earlier is somebody else's."""
_TYPE: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}

Jwk = Mapping[str, Any]


class IdTokenError(Exception):
    """A token that is not believed; the text says why, without anything of the token."""


class UnknownKeyError(IdTokenError):
    """The token names a key that the provider had not when it was asked last."""


class Expected(msgspec.Struct, frozen=True):
    """What a token must say: who issued it, for whom, for which sign-in; times in seconds."""

    issuer: str
    client_id: str
    nonce: str
    now: float
    skew_s: float


class _Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str | None = None
    crit: list[str] | None = None


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    iat: float
    nonce: str
    nbf: float | None = None
    azp: str | None = None


def verified_claims(token: str, keys: Sequence[Jwk], expected: Expected) -> dict[str, Any]:
    """Return the claims of a token that is believed.

    Raises UnknownKeyError where another look at the keys could help, IdTokenError otherwise.
    """
    if len(token) > MOST_TOKEN or token.count(".") != 2 or not token.isascii():
        raise IdTokenError("it is no signed token")
    try:
        first = token.partition(".")[0]
        written = urlsafe_b64decode(first + "=" * (-len(first) % 4))
        header = msgspec.json.decode(written, type=_Header)
    except (msgspec.MsgspecError, Base64Error, ValueError):
        raise IdTokenError("its header cannot be read") from None
    if header.alg not in ALGORITHMS:
        raise IdTokenError(f"its algorithm is none of {', '.join(ALGORITHMS)}")
    if header.crit:
        raise IdTokenError("it asks for extensions that are not known here")
    key = _key(header, keys)
    try:
        found = jws.deserialize_compact(
            token, JWKRegistry.import_key(dict(key)), algorithms=[header.alg]
        )
        payload = found.payload
        claims = msgspec.json.decode(payload, type=_Claims)
    except msgspec.MsgspecError:
        raise IdTokenError("it lacks a claim, or one is of another type") from None
    except (JoseError, ValueError, TypeError, KeyError):
        raise IdTokenError("its signature is not that of the provider") from None
    _check(claims, expected)
    said: dict[str, Any] = msgspec.json.decode(payload)
    return said


def _key(header: _Header, keys: Sequence[Jwk]) -> Jwk:
    fitting = [
        each
        for each in keys
        if each.get("kty") == _TYPE[header.alg]
        and each.get("use", "sig") == "sig"
        and each.get("alg", header.alg) == header.alg
        and (header.kid is None or each.get("kid") == header.kid)
        and _is_strong(each)
    ]
    if not fitting:
        raise UnknownKeyError("the provider has no such key")
    if len(fitting) > 1:
        raise IdTokenError("it does not say by which key it is signed")
    return fitting[0]


def _is_strong(key: Jwk) -> bool:
    modulus = key.get("n", "")
    return key["kty"] != "RSA" or (isinstance(modulus, str) and len(modulus) * 6 >= _LEAST_RSA)


def _check(claims: _Claims, expected: Expected) -> None:
    if claims.iss != expected.issuer:
        raise IdTokenError("another provider issued it")
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if expected.client_id not in audience:
        raise IdTokenError("it is for another client")
    if (claims.azp or (expected.client_id if len(audience) == 1 else "")) != expected.client_id:
        raise IdTokenError("it was given to another client")
    if not claims.sub or len(claims.sub) > 255:
        raise IdTokenError("it names nobody")
    if claims.exp <= expected.now - expected.skew_s:
        raise IdTokenError("it is over")
    early = expected.now + expected.skew_s
    if claims.iat > early or (claims.nbf is not None and claims.nbf > early):
        raise IdTokenError("it is of the future: compare the clocks")
    if claims.iat < expected.now - _IN_USE_S - expected.skew_s:
        raise IdTokenError("it was issued too long ago: compare the clocks")
    if not hmac.compare_digest(claims.nonce.encode(), expected.nonce.encode()):
        raise IdTokenError("it is of another sign-in")
