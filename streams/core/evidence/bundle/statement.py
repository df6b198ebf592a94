"""Who vouches for a bundle: an in-toto Statement over its files, signed in a DSSE envelope.

What is signed is the payload with its type and their lengths (PAE), so that no text can be read as
another. The envelope is JSON in one form only; a signature of a key that is known must hold, those
of others are ignored.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

from streams.core.evidence.checkpoint import FormError, decoded
from streams.core.evidence.note import PublicKey, Sign, Verify

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:emission-streams:bundle:v1"


class Signature(NamedTuple):
    """A signature of an envelope: the name of its key (``NAME+ID``), and 64 bytes."""

    key_id: str
    signature: bytes


class Envelope(NamedTuple):
    """A signed payload."""

    payload: bytes
    signatures: tuple[Signature, ...]

    @property
    def text(self) -> bytes:
        """The envelope as a file."""
        members = {
            "payload": b64encode(self.payload).decode("ascii"),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [
                {"keyid": each.key_id, "sig": b64encode(each.signature).decode("ascii")}
                for each in self.signatures
            ],
        }
        return canonical(members) + b"\n"


def canonical(members: Any) -> bytes:
    """Write JSON in one form: keys sorted, no blanks, UTF-8."""
    text = json.dumps(members, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def key_id(key: PublicKey) -> str:
    """Name a key in an envelope as in the line of a note: its name and its id."""
    return f"{key.name}+{key.id.hex()}"


def encoded(payload: bytes) -> bytes:
    """Return what is signed of a payload: the pre-authentication encoding of DSSE."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def state(files: Mapping[str, bytes], predicate: Mapping[str, Any]) -> bytes:
    """Write the statement that these files, by name and hash, are what ``predicate`` says."""
    subject = [
        {"digest": {"sha256": sha256(files[name]).hexdigest()}, "name": name}
        for name in sorted(files)
    ]
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "predicate": dict(predicate),
            "predicateType": PREDICATE_TYPE,
            "subject": subject,
        }
    )


def sign_statement(payload: bytes, keys: Iterable[tuple[PublicKey, Sign]]) -> Envelope:
    """Sign a statement with one key or several."""
    message = encoded(payload)
    return Envelope(payload, tuple(Signature(key_id(key), sign(message)) for key, sign in keys))


def parse_envelope(text: bytes) -> Envelope:
    """Parse an envelope; raises FormError for one that is not in its form to the byte."""
    try:
        members = json.loads(text)
        signatures = tuple(
            Signature(each["keyid"], decoded(each["sig"])) for each in members["signatures"]
        )
        envelope = Envelope(decoded(members["payload"]), signatures)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise FormError("it is no DSSE envelope") from None
    if envelope.text != text:
        raise FormError("it is not in the form in which it was written")
    return envelope


def open_envelope(envelope: Envelope, keys: Sequence[PublicKey], verify: Verify) -> list[PublicKey]:
    """Return the known keys whose signatures hold; raises FormError where one does not hold."""
    known = {key_id(key): key for key in keys}
    message, found = encoded(envelope.payload), []
    for each in envelope.signatures:
        key = known.get(each.key_id)
        if key is None:
            continue
        if not verify(key.key, each.signature, message):
            raise FormError(f"the signature of {key.name} does not hold")
        found.append(key)
    return found


def subjects_of(payload: bytes) -> dict[str, str]:
    """Return the hashes (hex) of the files that a statement is about; raises FormError."""
    try:
        members = json.loads(payload)
        subjects = {each["name"]: each["digest"]["sha256"] for each in members["subject"]}
        whole = (
            members["_type"] == STATEMENT_TYPE
            and members["predicateType"] == PREDICATE_TYPE
            and len(subjects) == len(members["subject"])
        )
    except (KeyError, TypeError, ValueError):
        raise FormError("its payload is no in-toto statement") from None
    if not whole:
        raise FormError("its payload is no in-toto statement about a bundle")
    return subjects
