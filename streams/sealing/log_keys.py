"""The keys of a log: the one that signs, and ``keys.txt``, which names all that ever did.

Each line of ``keys.txt`` is a public key as one word (C2SP vkey), the day (UTC) from which it
signed, and the last day on which it did, where another one came after it. The file says which
keys the log claims; whom to believe is for the reader to know from elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from streams.core.evidence.checkpoint import FormError
from streams.core.evidence.note import LOG_KEY, PublicKey, Signature, parse_key, sign
from streams.sealing.durable import replace_file
from streams.sealing.log_files import KEYS, LogError
from streams.signing.ed25519 import SigningKey


class NoteSigner(NamedTuple):
    """A private key and the name by which it signs."""

    public: PublicKey
    key: SigningKey

    @classmethod
    def of(cls, name: str, key: SigningKey, kind: int = LOG_KEY) -> NoteSigner:
        """Give a key its name; ``kind`` is that of a log or a witness."""
        return cls(PublicKey(name, kind, key.public), key)

    def __call__(self, text: str, at: int | None = None) -> Signature:
        """Sign the text of a note; ``at`` is the time (s UTC) of a witness."""
        return sign(text, self.public, self.key, at)


class LogKey(NamedTuple):
    """A key of a log with its first day, and its last one where another came after it."""

    key: PublicKey
    since: date
    until: date | None = None

    @property
    def line(self) -> str:
        """The line of ``keys.txt``."""
        until = "" if self.until is None else f" {self.until.isoformat()}"
        return f"{self.key.text} {self.since.isoformat()}{until}\n"


def read_keys(directory: Path) -> list[LogKey]:
    """Read ``keys.txt`` of a log, empty where there is none yet. Raises LogError."""
    path = directory / KEYS
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        raise LogError(f"{path} is no list of keys: not UTF-8") from None
    return [_parsed(line, f"{path}, line {at}") for at, line in enumerate(text.splitlines(), 1)]


def use_key(directory: Path, key: PublicKey, today: date) -> None:
    """Name the key that signs from now on in ``keys.txt``; raises LogError."""
    keys = read_keys(directory)
    if keys and keys[-1].until is None:
        if keys[-1].key == key:
            return
        keys[-1] = keys[-1]._replace(until=today)
    keys.append(LogKey(key, today))
    replace_file(directory / KEYS, "".join(each.line for each in keys).encode())


def public_keys(directory: Path) -> list[PublicKey]:
    """Return every key of a log; raises LogError."""
    return list(dict.fromkeys(each.key for each in read_keys(directory)))


def parse_key_file(path: Path, text: str) -> list[PublicKey]:
    """Parse public keys, one a line with anything after it; raises LogError."""
    return [
        _key(line.split()[0], f"{path}, line {at}")
        for at, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]


def _parsed(line: str, where: str) -> LogKey:
    word, *days = line.split(" ")
    try:
        moments: Sequence[date] = [date.fromisoformat(day) for day in days]
    except ValueError:
        moments = []
    if not 1 <= len(moments) <= 2:
        raise LogError(f"{where} is no key with its days")
    return LogKey(_key(word, where), moments[0], moments[1] if len(moments) == 2 else None)


def _key(word: str, where: str) -> PublicKey:
    try:
        return parse_key(word)
    except FormError as error:
        raise LogError(f"{where}: {error}") from None
