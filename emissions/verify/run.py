"""Verifies a bundle from its bytes alone: hashes, signatures, proofs, and the judging once more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from emissions.verify.contents import read_contents
from emissions.verify.recompute import Recomputed, recompute
from streams.core.evidence.bundle.check import Checked, Problem, check_bundle
from streams.core.evidence.bundle.files import STAMP
from streams.core.evidence.note import PublicKey
from streams.signing.ed25519 import verify

_BYTES: Final = frozenset({"ARCHIVE", "MANIFEST", "MISSING", "UNACCOUNTED", "HASH"})
"""Problems with which the content is not what was packed, and is not judged."""


class Key(msgspec.Struct, frozen=True):
    """A key whose signature holds; ``trusted``: the reader gave it; ``at`` (s) of a witness."""

    key: str
    trusted: bool
    at: int | None = None


class Verification(msgspec.Struct, frozen=True):
    """What a verification found; verified where there is no problem.

    ``judged`` is None where the content was not judged again. ``stamped`` (s UTC) is when the
    checkpoint existed by the word of an authority (RFC 3161), whose certificate is not checked.
    """

    verified: bool
    subject: str
    id: str
    revision: int
    program: str
    files: int
    size: int
    records: int
    log: str
    leaves: int
    statement: tuple[Key, ...]
    checkpoint: tuple[Key, ...]
    trusting: bool
    judged: Recomputed | None
    stamped: int | None
    problems: tuple[Problem, ...]


def verify_bundle(data: bytes, trusted: Sequence[PublicKey] = ()) -> Verification:
    """Verify a bundle against keys that the reader knows; without any by those in the file.

    Raises NoArchiveError and NoBundleError for files that are something else.
    """
    checked = check_bundle(data, trusted, verify)
    stamped = _stamped(checked)
    judged = None
    if not any(each.code in _BYTES for each in checked.problems):
        judged = _judged(checked)
    manifest, log = checked.manifest, checked.log
    return Verification(
        verified=not checked.problems and judged is not None,
        subject="" if manifest is None else manifest.subject,
        id="" if manifest is None else manifest.id,
        revision=0 if manifest is None else manifest.revision,
        program="" if manifest is None else manifest.program,
        files=len(checked.files),
        size=len(data),
        records=0 if manifest is None else len(manifest.records),
        log="" if log is None else log.origin,
        leaves=0 if log is None else log.size,
        statement=tuple(Key(each.text, each in trusted) for each in checked.statement),
        checkpoint=tuple(
            Key(each.key.text, each.key in trusted, each.at) for each in checked.checkpoint
        ),
        trusting=bool(trusted),
        judged=judged,
        stamped=stamped,
        problems=tuple(checked.problems),
    )


def _stamped(checked: Checked) -> int | None:
    """Return the time of the stamp on the checkpoint (s); one of something else is a problem."""
    content = checked.files.get(STAMP)
    if content is None or checked.log is None:
        return None
    # Imported for the bundles that have a stamp alone: it takes a while.
    from streams.sealing.stamps import StampError, stamped_at

    try:
        return int(stamped_at(content, checked.log.text.encode()).timestamp())
    except StampError as error:
        checked.add("STAMP", STAMP, str(error))
        return None


def _judged(checked: Checked) -> Recomputed | None:
    """Judge the content again; nothing in a file may end in more than a problem."""
    try:
        contents = read_contents(checked)
        found = None if contents is None else recompute(checked, contents)
    except Exception as error:  # whoever makes a file may put anything into it
        said = " ".join(str(error).split())[:200]
        checked.add("RECORD", "records", f"it cannot be judged ({type(error).__name__}: {said})")
        return None
    if found is None and not checked.problems:
        checked.add("RECORD", "records", "there is nothing in it to judge")
    return found
