"""Bundles as a stranger gets them: what holds is verified, what was changed is found and named."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from emissions.bundle.material import NotSealedError, bundle_of
from emissions.verify.report import report_of
from emissions.verify.run import Verification, verify_bundle
from emissions.verify.words import LANGUAGES, WORDS
from streams.core.evidence.bundle.archive import DIRECTORY, pack, unpack
from streams.core.evidence.bundle.check import NoBundleError, check_bundle
from streams.core.evidence.bundle.files import GUIDE, MANIFEST, STATEMENT, SUMS
from streams.core.evidence.note import PublicKey
from streams.signing.ed25519 import key_of, verify
from tests.core.examples import CODEC
from tests.emissions.verify.made import (
    LOG_NAME,
    NOON,
    SYSTEM_KEY_PAIR,
    SYSTEM_NAME,
    bundled,
    material_of,
    minute_bundle,
    minute_case,
    sealed,
    values_of,
)

OTHER = key_of(b"another key of thirty-two bytes.")


def codes(found: Verification) -> set[str]:
    return {each.code for each in found.problems}


def test_a_bundle_as_it_was_made_is_verified() -> None:
    found = verify_bundle(minute_bundle(), [LOG_NAME, SYSTEM_NAME])
    assert found.problems == ()
    assert found.verified
    assert found.judged is not None
    assert (found.judged.violations, found.judged.cases) == (1, 1)
    assert all(each.trusted for each in (*found.statement, *found.checkpoint))


def test_the_same_bundle_has_the_same_bytes_and_is_small() -> None:
    assert bundled(material_of(minute_case())) == minute_bundle()
    assert len(minute_bundle()) < 1_000_000  # a whole day at one minute


def test_a_bundle_of_one_violation_is_verified() -> None:
    judged = minute_case()
    last = judged.violations[-1]
    alone = material_of(judged, subject="violation", id=last.id, revision=last.revision, cases=())
    found = verify_bundle(bundled(alone))
    assert (found.problems, found.verified) == ((), True)


def test_without_given_keys_it_says_that_the_keys_are_those_of_the_file() -> None:
    found = verify_bundle(minute_bundle())
    assert found.verified
    assert not any(each.trusted for each in (*found.statement, *found.checkpoint))
    for language in LANGUAGES:
        text = report_of(found, language)
        assert WORDS[language]["untrusted"] in text
        assert text.startswith(WORDS[language]["verified"])
        assert max(map(len, text.splitlines())) <= 80 or "+" in text


@pytest.mark.parametrize("given", [LOG_NAME, SYSTEM_NAME])
def test_a_key_that_is_not_given_is_not_trusted(given: PublicKey) -> None:
    found = verify_bundle(minute_bundle(), [given])
    assert codes(found) == {"UNTRUSTED"}
    assert not found.verified


def test_a_forger_with_keys_of_his_own_is_found_by_whoever_gives_the_right_ones() -> None:
    name = replace_key(LOG_NAME)
    material = material_of(minute_case())
    made = bundle_of(material, sealed(material, OTHER, name), [(replace_key(SYSTEM_NAME), OTHER)])
    assert verify_bundle(made).verified
    found = verify_bundle(made, [LOG_NAME, SYSTEM_NAME])
    assert [each.code for each in found.problems] == ["UNTRUSTED", "UNTRUSTED"]


def replace_key(name: PublicKey) -> PublicKey:
    return name._replace(key=OTHER.public)


def places(data: bytes) -> dict[int, str]:
    """Where each byte of a bundle lies: the file, or the directory."""
    found: dict[int, str] = {}
    at = 0
    for name, content in unpack(data).items():
        end = at + 30 + len(name) + len(content)
        found |= dict.fromkeys(range(at, end), name)
        at = end
    return found | dict.fromkeys(range(at, len(data)), DIRECTORY)


def check_changed_bytes(count: int, seed: int) -> None:
    """Change one byte of a bundle ``count`` times; half of them inside a file, packed again."""
    random_ = random.Random(seed)
    data, where = minute_bundle(), places(minute_bundle())
    files = unpack(data)
    names = [name for name, content in files.items() if content]
    for number in range(count):
        if number % 2:
            at = random_.randrange(len(data))
            changed, expected = flipped(data, at, random_), where[at]
        else:
            expected = random_.choice(names)
            at = random_.randrange(len(files[expected]))
            changed = pack({**files, expected: flipped(files[expected], at, random_)})
        found = check_bundle(changed, [], verify)
        named = {each.where for each in found.problems}
        # A byte of the directory is about one of the files, which is named in its place.
        assert expected in named or (expected == DIRECTORY and named), (expected, at)


def flipped(data: bytes, at: int, random_: random.Random) -> bytes:
    value = random_.randrange(255)
    return data[:at] + bytes([value if value != data[at] else 255]) + data[at + 1 :]


def test_a_changed_byte_is_found_and_named() -> None:
    check_changed_bytes(300, 1)


@pytest.mark.long
def test_ten_thousand_changed_bytes_are_found_and_named() -> None:
    check_changed_bytes(10_000, 2)


def test_every_byte_of_the_small_files_is_found_when_it_is_changed() -> None:
    files = unpack(minute_bundle())
    for name in (STATEMENT, SUMS, "keys.txt", "checkpoint"):
        for at in range(0, len(files[name]), 19):
            changed = flipped(files[name], at, random.Random(at))
            found = check_bundle(pack({**files, name: changed}), [], verify)
            assert name in {each.where for each in found.problems}


def resigned(files: dict[str, bytes]) -> bytes:
    """The files with sums and a statement made anew, by somebody who has the system's key."""
    from streams.core.evidence.bundle.files import sums_of
    from streams.core.evidence.bundle.statement import sign_statement, state

    plain = {name: content for name, content in files.items() if name not in (SUMS, STATEMENT)}
    plain[SUMS] = sums_of(plain)
    signed = sign_statement(state(plain, {}), [(SYSTEM_NAME, SYSTEM_KEY_PAIR)])
    return pack({**plain, STATEMENT: signed.text})


def test_a_file_more_or_less_is_found_even_when_it_was_signed() -> None:
    files = unpack(minute_bundle())
    more = verify_bundle(resigned({**files, "records/note.txt": b"x"}))
    assert [(each.code, each.where) for each in more.problems] == [
        ("UNACCOUNTED", "records/note.txt")
    ]
    for name in (GUIDE, "checkpoint", next(each for each in files if each.startswith("proofs/"))):
        less = verify_bundle(resigned({key: files[key] for key in files if key != name}))
        assert ("MISSING", name) in {(each.code, each.where) for each in less.problems}


def test_the_proof_of_another_record_proves_nothing() -> None:
    files = unpack(minute_bundle())
    proofs = sorted(name for name in files if name.startswith("proofs/"))
    swapped = {**files, proofs[0]: files[proofs[1]]}
    found = verify_bundle(resigned(swapped))
    assert [(each.code, each.where) for each in found.problems] == [("PROOF", proofs[0])]


def altered(**changes: Any) -> Verification:
    """A bundle made of an altered store, in a log that has what was published."""
    material = material_of(minute_case())
    log = sealed(material)
    wrong = replace(material, **changes)
    return verify_bundle(bundle_of(wrong, log, [(SYSTEM_NAME, SYSTEM_KEY_PAIR)]))


def encoded(item: Any) -> bytes:
    return CODEC.encode("EmissionReading", msgspec.structs.asdict(item))


def raw_at(moment: int, value: float | None) -> dict[str, Any]:
    """The messages with the reading of a moment replaced, or removed."""
    found = []
    for record in minute_case().records:
        item = CODEC.decode_reading(record.value)
        if getattr(item, "measured_at", None) != moment:
            found.append(record)
        elif value is not None:
            changed = msgspec.structs.replace(item, values={"SO2": value})
            found.append(
                record._replace(
                    value=CODEC.encode("EmissionReading", msgspec.structs.asdict(changed))
                )
            )
    return {"raw": tuple(found)}


@pytest.mark.parametrize("value", [999.0, None])
def test_a_reading_that_was_altered_or_removed_in_the_store_is_named(value: float | None) -> None:
    found = altered(**raw_at(NOON + 600_000, value))
    assert not found.verified
    said = " ".join(f"{each.where} {each.what}" for each in found.problems)
    assert "DIFFERENT" in codes(found)
    assert "evidence.sha256" in said or "evidence.readings" in said


def test_a_reading_that_was_added_in_the_store_is_named() -> None:
    judged = minute_case()
    last = judged.records[-1]
    added = last._replace(offset=last.offset + 1)
    moved = CODEC.decode_reading(judged.records[-1].value)
    at = msgspec.structs.replace(moved, measured_at=NOON + 20_000)
    found = altered(raw=(*judged.records, added._replace(value=encoded(at))))
    assert not found.verified
    assert codes(found) <= {"DIFFERENT", "ROOT", "MESSAGES"}


def test_a_refusal_that_the_engine_does_not_find_is_named() -> None:
    from streams.core.evidence.bundle.manifest import Refused

    told = material_of(minute_case()).refused
    offset = minute_case().records[5].offset
    found = altered(refused=(Refused(offset, "TOO_LATE"), *told))
    assert ("MESSAGES", f"offset {offset} was TOO_LATE, and is accepted") in {
        (each.code, each.what) for each in found.problems
    }


@pytest.mark.parametrize("changes", [{"value": 900.0}, {"limit": 400.0}, {"status": "WITHDRAWN"}])
def test_a_violation_that_was_altered_in_the_store_is_not_in_the_log(
    changes: dict[str, Any],
) -> None:
    judged = minute_case()
    last = msgspec.structs.replace(judged.violations[-1], **changes)
    material = material_of(judged)
    wrong = replace(material, violations=values_of("Violation", [judged.violations[0], last]))
    with pytest.raises(NotSealedError, match="is not in the log"):
        bundle_of(wrong, sealed(material))


def test_a_violation_that_was_published_wrongly_is_named_though_it_is_in_the_log() -> None:
    judged = minute_case()
    last = msgspec.structs.replace(judged.violations[-1], value=1051.0, ratio=2.102)
    material = replace(
        material_of(judged), violations=values_of("Violation", [judged.violations[0], last])
    )
    found = verify_bundle(bundled(material))
    assert any("violation.value" in each.where for each in found.problems)
    assert codes(found) == {"DIFFERENT"}


def test_a_case_that_was_published_wrongly_is_named_though_it_is_in_the_log() -> None:
    judged = minute_case()
    wrong = msgspec.structs.replace(judged.cases[-1], state="OPEN", reasons=())
    material = replace(material_of(judged), cases=values_of("AdministrativeCase", [wrong]))
    found = verify_bundle(bundled(material))
    assert codes(found) == {"DIFFERENT"}
    assert {each.where.rpartition(".")[2] for each in found.problems} == {"state", "reasons"}


def test_other_rules_are_named() -> None:
    packed = next(iter(material_of(minute_case()).rules.values()))
    text = packed.decode().replace("factor: 2", "factor: 1.5")
    assert text.encode() != packed
    version = next(iter(material_of(minute_case()).rules))
    found = verify_bundle(
        bundled(replace(material_of(minute_case()), rules={version: text.encode()}))
    )
    assert "RULES" in codes(found)


def test_an_unsealed_bundle_is_judged_and_not_verified() -> None:
    found = verify_bundle(bundle_of(material_of(minute_case()), None))
    assert codes(found) == {"UNSEALED", "UNSIGNED"}
    assert found.judged is not None
    assert found.judged.violations == 1


def test_what_is_no_bundle_is_told_apart() -> None:
    with pytest.raises(NoBundleError):
        verify_bundle(pack({"photo.jpg": b"\xff\xd8"}))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"form": "emissions-bundle/2"}'])
def test_a_manifest_that_is_none_is_a_problem_and_no_traceback(content: bytes) -> None:
    found = verify_bundle(resigned({**unpack(minute_bundle()), MANIFEST: content}))
    assert ("MANIFEST", MANIFEST) in {(each.code, each.where) for each in found.problems}


def test_records_that_are_none_are_problems_and_no_tracebacks() -> None:
    files = unpack(minute_bundle())
    for name in files:
        if name.startswith(("records/", "raw/", "schemas/")):
            found = verify_bundle(resigned({**files, name: b"\x00\x00\x00\xa0\x28nonsense"}))
            assert found.problems, name


def test_messages_that_are_not_those_of_the_root_are_named() -> None:
    found = altered(**raw_at(NOON - 3_600_000, None))  # it decides nothing
    assert codes(found) == {"ROOT"}
    assert verify_bundle(bundled(replace(material_of(minute_case()), roots=()))).problems[
        0
    ].code == ("ROOT")
