"""The users of a small installation: a YAML file with hashes of passwords, roles and rights."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final, Literal

import msgspec
import yaml

from emissions.publication import AUTHORITY, Viewer, inspector, operator

Rights = Literal["operator", "inspector", "authority"]

LEAST_PASSWORD: Final = 12
MOST_PASSWORD: Final = 200
_N, _R, _P = 2**15, 8, 1
_MOST_MEMORY: Final = 64 * 1024 * 1024
_MOST_BYTES: Final = 4 * 1024 * 1024
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_TOKEN: Final = re.compile(r"'<[a-z ]+>'")
_HASH: Final = re.compile(r"scrypt\S*|\S*\$\S*\$\S*")


class UsersError(ValueError):
    """The file of users cannot be used; the text says where and why."""


class User(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A user: a name, the scrypt hash of the password, a role and what it holds for.

    ``bins`` are an operator's own enterprises; ``regions`` an inspector's own, or ``nation``.
    """

    name: str
    password: str
    role: Rights
    bins: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    nation: bool = False

    def __post_init__(self) -> None:
        """Refuse a name that is none and rights that do not fit the role."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name: small letters, digits, . _ - @")
        if (self.role == "operator") != bool(self.bins):
            raise ValueError(f"{self.name}: an operator has bins, and nobody else")
        if (self.role == "inspector") != bool(self.regions or self.nation):
            raise ValueError(f"{self.name}: an inspector has regions or nation, and nobody else")
        if any(not re.fullmatch(r"[0-9]{12}", each) for each in self.bins):
            raise ValueError(f"{self.name}: a BIN has 12 digits")
        if any(not re.fullmatch(r"[A-Z]{2}-[A-Z0-9]{1,3}", each) for each in self.regions):
            raise ValueError(f"{self.name}: a region is one of ISO 3166-2, such as KZ-55")

    @property
    def viewer(self) -> Viewer:
        """Who looks, as the rule of publication takes it."""
        if self.role == "authority":
            return AUTHORITY
        if self.role == "inspector":
            return inspector(self.regions, nation=self.nation)
        return operator(self.bins)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    users: list[User] = []


def hashed(password: str) -> str:
    """Return the scrypt hash of a password with a new salt, as the file keeps it."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_N}${_R}${_P}${_text(salt)}${_text(_scrypt(password, salt, _N, _R, _P))}"


NOBODY: Final = f"scrypt${_N}${_R}${_P}${'A' * 22}==${'A' * 43}="
"""A hash that no password has: whoever is not known costs as much time as who is."""


def matches(password: str, kept: str) -> bool:
    """Tell whether a password has a hash, comparing in constant time."""
    try:
        kind, n, r, p, salt, digest = kept.split("$")
        cost = int(n), int(r), int(p)
        known = b64decode(digest, validate=True)
        found = _scrypt(password, b64decode(salt, validate=True), *cost)
    except (ValueError, Base64Error):
        return False
    return kind == "scrypt" and hmac.compare_digest(found, known)


def read_users(path: Path) -> dict[str, User]:
    """Read the users of a file by name; a file that is not there has none. Raises UsersError."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsersError(f"{path}: the file cannot be read: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise UsersError(f"{path}: the file is larger than 4 MiB")
    try:
        told = msgspec.convert(yaml.safe_load(content) or {}, _File)
    except RecursionError:
        raise UsersError(f"{path}: lists or maps are nested too deeply for users") from None
    except (yaml.YAMLError, msgspec.ValidationError, ValueError) as error:
        raise UsersError(f"{path}: {_reason(error)}") from None
    found = {each.name: each for each in told.users}
    if len(found) != len(told.users):
        raise UsersError(f"{path}: a name is there twice")
    return found


def _reason(error: Exception) -> str:
    """Return in one line what is wrong and where, without what the file holds: hashes are in it."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        said = f"{place}{_QUOTED.sub(_left_out, error.problem or error.context or '')}"
    elif isinstance(error, yaml.YAMLError):
        at = getattr(error, "position", None)
        said = "a character that YAML cannot have" + ("" if at is None else f" at position {at}")
    elif isinstance(error, msgspec.ValidationError):
        said = str(error)
    else:
        said = "a value is no text, number or date"
    return _HASH.sub("(left out)", " ".join(said.split()))


def _left_out(quoted: re.Match[str]) -> str:
    """Keep a quoted character or the name of a token, and nothing that may be of the file."""
    said = quoted[0]
    return said if len(said) <= 4 or _TOKEN.fullmatch(said) else "(left out)"


def write_users(path: Path, users: dict[str, User]) -> None:
    """Replace the file in one step; only its owner may read it. Raises UsersError."""
    told = {"users": [msgspec.to_builtins(users[name]) for name in sorted(users)]}
    text = yaml.safe_dump(told, allow_unicode=True, sort_keys=False)
    try:
        with NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError as error:
        raise UsersError(f"{path}: the file cannot be written: {error.strerror}") from None


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MOST_MEMORY, dklen=32
    )


def _text(data: bytes) -> str:
    return b64encode(data).decode()
