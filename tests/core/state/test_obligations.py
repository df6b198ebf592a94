"""The bytes of obligations: as workers have written them since there is state."""

from __future__ import annotations

import msgspec
import pytest

from streams.core.records.revision import PublishedRevision
from streams.core.state.obligations import Obligations, decode_obligations, encode_obligations
from streams.core.state.source_state import PublishedFinding, PublishedViolation

KNOWN = Obligations(
    1775000000000,
    1774000000000,
    {
        "b0c1": PublishedViolation(
            "KZ-NOASM", None, 1672509600000, None, PublishedRevision(1, "OPEN", b"12345678")
        ),
        "a0c1": PublishedViolation(
            "KZ-NOLINK",
            None,
            1672509600000,
            1772509600000,
            PublishedRevision(3, "CLOSED", b"\x00\xff345678"),
        ),
    },
)
WRITTEN = bytes.fromhex(
    "93cf0000019d463e9600cf0000019d0aa3cc0082a46230633194a84b5a2d4e4f41534dcf0000018569573100c0"
    "9301a44f50454ec4083132333435363738a46130633194a94b5a2d4e4f4c494e4bcf0000018569573100cf0000"
    "019cb1ce19009303a6434c4f534544c40800ff333435363738"
)


@pytest.mark.parametrize(
    ("state", "written"), [(KNOWN, WRITTEN), (Obligations(), bytes.fromhex("93c0ff80"))]
)
def test_obligations_have_the_bytes_they_always_had(state: Obligations, written: bytes) -> None:
    assert encode_obligations(state) == written
    assert decode_obligations(written) == state


def test_open_findings_come_after_what_was_always_there() -> None:
    found = PublishedFinding(
        "TYPE_CERTIFICATE", None, 1774900000000, None, PublishedRevision(2, "OPEN", b"12345678")
    )
    state = msgspec.structs.replace(KNOWN, findings={"TYPE_CERTIFICATE|A": found})
    written = encode_obligations(state)
    assert written[1 : len(WRITTEN)] == WRITTEN[1:]
    assert decode_obligations(written) == state


def test_other_bytes_are_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_obligations(WRITTEN[:-1])
