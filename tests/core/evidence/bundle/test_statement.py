from __future__ import annotations

import json

import pytest

from streams.core.evidence.bundle.statement import (
    PAYLOAD_TYPE,
    encoded,
    open_envelope,
    parse_envelope,
    sign_statement,
    state,
    subjects_of,
)
from streams.core.evidence.checkpoint import FormError
from streams.core.evidence.note import LOG_KEY, PublicKey
from streams.signing.ed25519 import key_of, verify

PAIR = key_of(bytes(32))
NAME = PublicKey("example/system", LOG_KEY, PAIR.public)
FILES = {"b": b"2", "a": b"1"}
PAYLOAD = state(FILES, {"id": "x"})


def test_what_is_signed_is_as_dsse_writes_it() -> None:
    # The example of the DSSE protocol, with our payload type.
    assert encoded(b"hello world") == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"
    assert len(PAYLOAD_TYPE) == 28


def test_a_statement_names_every_file_by_its_hash() -> None:
    said = json.loads(PAYLOAD)
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert [each["name"] for each in said["subject"]] == ["a", "b"]
    assert subjects_of(PAYLOAD)["a"] == (
        "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
    )


def test_a_signature_holds_for_its_payload_alone() -> None:
    envelope = sign_statement(PAYLOAD, [(NAME, PAIR)])
    assert open_envelope(parse_envelope(envelope.text), [NAME], verify) == [NAME]
    assert open_envelope(envelope, [], verify) == []
    with pytest.raises(FormError, match="does not hold"):
        open_envelope(envelope._replace(payload=PAYLOAD + b" "), [NAME], verify)


def test_every_changed_byte_of_an_envelope_is_found() -> None:
    text = sign_statement(PAYLOAD, [(NAME, PAIR)]).text
    for at in range(len(text)):
        changed = bytearray(text)
        changed[at] ^= 1
        try:
            found = open_envelope(parse_envelope(bytes(changed)), [NAME], verify)
        except FormError:
            continue
        assert found == []  # the key's name was changed: it is no key that is known
