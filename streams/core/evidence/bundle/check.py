"""Checks a bundle as far as hashes, signatures and the log go, without judging anything again.

Nothing in the file may be unaccounted for: every byte is that of the archive's form, of a file that
the manifest names and whose hash stands in ``SHA256SUMS``, or of the statement that signs them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

import msgspec

from streams.core.evidence.bundle.archive import ArchiveError, unpack
from streams.core.evidence.bundle.files import (
    ALWAYS,
    CHECKPOINT,
    KEYS,
    MANIFEST,
    OPTIONAL,
    STATEMENT,
    SUMS,
    sums_of,
)
from streams.core.evidence.bundle.manifest import Manifest, ManifestError, read_manifest
from streams.core.evidence.bundle.statement import (
    key_id,
    open_envelope,
    parse_envelope,
    subjects_of,
)
from streams.core.evidence.checkpoint import (
    Checkpoint,
    FormError,
    parse_checkpoint,
    parse_proof,
)
from streams.core.evidence.merkle import leaf_hash, verify_inclusion
from streams.core.evidence.note import PublicKey, Signed, Verify, open_note, parse_key

Code = Literal[
    "ARCHIVE", "MANIFEST", "MISSING", "UNACCOUNTED", "HASH", "KEYS", "STATEMENT", "CHECKPOINT",
    "PROOF", "UNTRUSTED", "UNSEALED", "UNSIGNED", "RECORD", "ROOT", "MESSAGES", "RULES",
    "REGISTRY", "DIFFERENT", "STAMP",
]  # fmt: skip


class Problem(msgspec.Struct, frozen=True):
    """What does not hold: a stable code, the file or the field, and what is wrong there."""

    code: Code
    where: str
    what: str


class NoBundleError(ValueError):
    """The file is an archive, and no bundle."""


@dataclass
class Checked:
    """What a check found: the files, the manifest where it could be read, every problem.

    ``statement`` and ``checkpoint`` name the keys whose signatures hold; of the former those that
    the reader did not give are known from the file alone.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    manifest: Manifest | None = None
    problems: list[Problem] = field(default_factory=list)
    inside: tuple[PublicKey, ...] = ()
    statement: tuple[PublicKey, ...] = ()
    checkpoint: tuple[Signed, ...] = ()
    log: Checkpoint | None = None

    def add(self, code: Code, where: str, what: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(code, where, what))


def check_bundle(data: bytes, trusted: Sequence[PublicKey], verify: Verify) -> Checked:
    """Check a bundle; ``trusted`` are the keys that the reader knows, none: those in the file.

    Raises NoArchiveError and NoBundleError for files that are something else.
    """
    checked = Checked()
    try:
        checked.files = unpack(data)
    except ArchiveError as error:
        checked.add("ARCHIVE", error.where, error.what)
        return checked
    if MANIFEST not in checked.files:
        raise NoBundleError("the archive has no manifest.json: it is no bundle")
    _check_names(checked)
    _check_sums(checked)
    _check_keys(checked)
    _check_statement(checked, trusted, verify)
    _check_log(checked, trusted, verify)
    return checked


def _check_names(checked: Checked) -> None:
    files = checked.files
    try:
        checked.manifest = manifest = read_manifest(files[MANIFEST])
    except ManifestError as error:
        checked.add("MANIFEST", MANIFEST, str(error))
        return
    named = manifest.paths()
    for name in sorted((ALWAYS | named) - files.keys()):
        checked.add("MISSING", name, "it is not in the file")
    for name in sorted(files.keys() - ALWAYS - OPTIONAL - named):
        checked.add("UNACCOUNTED", name, "the manifest does not name it")
    if not manifest.sealed:
        checked.add("UNSEALED", MANIFEST, "it was made without the log, so nothing is proved by it")


def _check_sums(checked: Checked) -> None:
    files = checked.files
    text = files.get(SUMS, b"")
    if text == sums_of(files):
        return
    said: dict[str, str] = {}
    for line in text.decode("utf-8", "replace").splitlines():
        digest, _, name = line.partition("  ")
        said[name] = digest
    wrong = [
        name
        for name, content in files.items()
        if name not in (SUMS, STATEMENT) and said.get(name) != sha256(content).hexdigest()
    ]
    for name in wrong:
        checked.add("HASH", name, f"its SHA-256 is not the one in {SUMS}")
    for name in sorted(said.keys() - files.keys()):
        checked.add("HASH", SUMS, f"it names {name!r}, which is not in the file")
    if not checked.problems or not wrong:
        checked.add("HASH", SUMS, "it is not the list of the files and their hashes")


def _check_keys(checked: Checked) -> None:
    content = checked.files.get(KEYS, b"")
    try:
        found = [parse_key(line) for line in content.decode().splitlines()]
    except (FormError, UnicodeDecodeError, ValueError) as error:
        checked.add("KEYS", KEYS, str(error))
        return
    checked.inside = tuple(found)


def _known(checked: Checked, trusted: Sequence[PublicKey]) -> list[PublicKey]:
    return list({each.text: each for each in (*checked.inside, *trusted)}.values())


def _check_statement(checked: Checked, trusted: Sequence[PublicKey], verify: Verify) -> None:
    content = checked.files.get(STATEMENT)
    if content is None:
        checked.add("UNSIGNED", STATEMENT, "nobody vouches for the file as a whole")
        return
    known = _known(checked, trusted)
    try:
        envelope = parse_envelope(content)
        names = {key_id(each) for each in known}
        for each in envelope.signatures:
            if each.key_id not in names:
                raise FormError(f"it is signed by {each.key_id}, a key that {KEYS} does not have")
        holding = open_envelope(envelope, known, verify)
        if not holding:
            raise FormError("it is signed by nobody")
        subjects = subjects_of(envelope.payload)
    except FormError as error:
        checked.add("STATEMENT", STATEMENT, str(error))
        return
    checked.statement = tuple(holding)
    _check_subjects(checked, subjects)
    if trusted and not any(each in trusted for each in holding):
        who = ", ".join(each.text for each in holding)
        checked.add("UNTRUSTED", STATEMENT, f"it is signed by none of the given keys, but by {who}")


def _check_subjects(checked: Checked, subjects: Mapping[str, str]) -> None:
    files = {name: content for name, content in checked.files.items() if name != STATEMENT}
    for name in sorted(files.keys() | subjects.keys()):
        content = files.get(name)
        if content is None:
            checked.add("MISSING", name, "the statement is about it, and it is not in the file")
        elif name not in subjects:
            checked.add("UNACCOUNTED", name, "the statement is not about it")
        elif sha256(content).hexdigest() != subjects[name]:
            checked.add("HASH", name, "its SHA-256 is not the one that the statement signs")


def _check_log(checked: Checked, trusted: Sequence[PublicKey], verify: Verify) -> None:
    manifest, files = checked.manifest, checked.files
    if manifest is None or not manifest.sealed:
        return
    content = files.get(CHECKPOINT)
    if content is None:
        checked.add("MISSING", CHECKPOINT, "it is not in the file")
        return
    try:
        signed = content.decode()
        text, holding = open_note(signed, _known(checked, trusted), verify)
        checked.log = log = parse_checkpoint(text)
    except (FormError, UnicodeDecodeError) as error:
        checked.add("CHECKPOINT", CHECKPOINT, str(error))
        return
    checked.checkpoint = tuple(holding)
    own = [each for each in holding if each.key.name == log.origin]
    if not own:
        checked.add("CHECKPOINT", CHECKPOINT, f"the log {log.origin} itself has not signed it")
    elif trusted and not any(each.key in trusted for each in own):
        who = ", ".join(each.key.text for each in own)
        checked.add(
            "UNTRUSTED", CHECKPOINT, f"it is signed by none of the given keys, but by {who}"
        )
    for record in manifest.records:
        proof, leaf = files.get(record.proof), files.get(record.path)
        if proof is None or leaf is None:
            continue  # it is missing, which was said
        try:
            found = parse_proof(proof.decode())
        except (FormError, UnicodeDecodeError) as error:
            checked.add("PROOF", record.proof, str(error))
            continue
        entry = leaf_hash(record.leaf(leaf).entry())
        if found.checkpoint != signed:
            checked.add("PROOF", record.proof, "its checkpoint is another one")
        elif not verify_inclusion(entry, found.place, log.size, found.hashes, log.root):
            checked.add(
                "PROOF", record.proof, f"it does not lead from {record.path} to the log's root"
            )
