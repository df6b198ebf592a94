"""Signatures, held to vectors of the reference implementation of Standard Webhooks."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from emissions.bridge.signature import KeyFileError, read_keys

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def test_every_key_signs_id_time_and_body(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# the next one first\n{OTHER}\n\n  {KEY}\n", "utf-8")
    made = read_keys(file).headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,O4Gjv1HqPqsMrjmczoggs/sWA8gZD0VyHG+fLh4+ktI= "
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no key"),
        (b"# nothing\n", "holds no key"),
        (b"secret-of-mine", "line 1: a key is whsec_ and base64 of 24 to 64 bytes"),
        (b"whsec_AAAA", "line 1: a key"),
        (b"# a\nwhsec_" + b"A" * 100, "line 2: a key"),
        (b"whsec_\xff\xfe", "line 1: a key"),
        (b"x" * 20_000, "it has more than 16384 bytes"),
    ],
)
def test_a_wrong_file_is_one_sentence_without_any_key(
    tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "keys"
    file.write_bytes(content)
    with pytest.raises(KeyFileError) as refused:
        read_keys(file)
    assert said in str(refused.value)
    assert "secret-of-mine" not in str(refused.value)
    assert "AAAA" not in str(refused.value)


def test_no_key_is_in_a_repr(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(KEY, "utf-8")
    assert "31f2" not in repr(read_keys(file)).lower()
    assert "_keys" not in repr(read_keys(file))
