"""The bridge knows the devices that registrations name, those exchanged since too."""

from __future__ import annotations

from typing import Any

from emissions.bridge.devices import DeviceBook
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.registry.avro import enterprise_to_record
from streams.rules.country import home
from streams.settings import Settings
from tests.emissions.dossier.examples import enterprise

CODEC = Codec(FileIds())


def registered(serial: str) -> bytes:
    known, _ = enterprise()
    record: dict[str, Any] = enterprise_to_record(known)
    record["sources"][0]["devices"][0]["serial"] = serial
    return CODEC.encode("EnterpriseRegistration", record)


def test_the_newest_registration_comes_first_and_earlier_devices_stay() -> None:
    book = DeviceBook(Settings(), CODEC, home())
    bin_ = enterprise()[0].bin
    for serial in ("GX-1", "GX-2", "GX-2"):
        book.add(registered(serial))
    assert [each.serial for each in book.of(bin_, "A")] == ["GX-2", "GX-1"]
    assert book.of(bin_, "B") == book.of("000000000000", "A") == ()


def test_what_is_no_registration_names_no_device() -> None:
    book = DeviceBook(Settings(), CODEC, home())
    for value in (None, b"", b"nonsense", CODEC.encode("StreamTick", {"sent_at": 0})):
        book.add(value)
    assert book.of(enterprise()[0].bin, "A") == ()
