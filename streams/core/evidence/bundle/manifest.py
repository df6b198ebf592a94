"""What a bundle says of itself: its subject, where its records stood, by what it was judged."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from streams.core.cases.scene import CasePolicy
from streams.core.evidence.leaf import Leaf, LeafKind
from streams.core.law.policy import Policy
from streams.core.registry.notice import ReceivedNotice

FORM: Final = "emissions-bundle/1"
RECORDS, PROOFS, RAW, SCHEMAS = "records/", "proofs/", "raw/", "schemas/"


class ManifestError(ValueError):
    """A manifest that is not in its form; one sentence says what is wrong."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that is a leaf of the log: its kind, id and revision there, and where it stood.

    ``offset`` and ``arrived_at`` (ms UTC) are those of its message, None where nobody kept them.
    ``salt`` (hex) is hashed before its bytes (`streams.core.evidence.leaf`).
    """

    path: str
    kind: LeafKind
    id: str
    revision: int
    topic: str = ""
    partition: int = 0
    offset: int | None = None
    arrived_at: int | None = None
    salt: str = ""

    @property
    def proof(self) -> str:
        """The file that proves it to be in the log."""
        return f"{PROOFS}{self.path.removeprefix(RECORDS).rpartition('.')[0]}.tlog-proof"

    def leaf(self, content: bytes) -> Leaf:
        """Return the leaf that its bytes make."""
        return Leaf.of(self.kind, self.id, self.revision, content, bytes.fromhex(self.salt))


class Refused(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message that was dead-lettered, and the reason that its dead letter gives."""

    offset: int
    reason: str


class EarlierRevision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of a revision of a violation that a later one replaced; times in ms UTC."""

    id: str
    revision: int
    status: str
    end: int | None
    value: float | None
    validated_value: float | None
    limit: float | None
    ratio: float | None
    excess_mass_t: float | None
    automatic: bool
    reasons: tuple[str, ...]
    detected_at: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The subject, the records, and what the judging needs that stands in no record.

    ``topic`` to ``source_id`` say whose messages ``raw`` (a file) has, ``refused`` which of them
    were dead-lettered. ``struck_off`` are registrations without a value: offset and arrival.
    ``ticks`` are stream times (ms UTC) at which something about the subject was published;
    ``policy`` and ``terms`` are in ms where they are times. ``means`` (a file) are the hours that a
    year was added up from, ``measures`` (a file) what officials had told that the case depends on;
    ``notices`` are what operators had told, with their arrival; ``earlier`` are revisions of the
    case's violations of which the record is not kept.
    """

    subject: Literal["case", "violation"]
    id: str
    revision: int
    program: str
    topic: str
    partition: int
    source_id: str | None
    raw: str | None
    means: str | None
    records: tuple[Record, ...]
    schemas: tuple[int, ...]
    ticks: tuple[int, ...]
    policy: dict[str, int]
    terms: CasePolicy
    refused: tuple[Refused, ...] = ()
    struck_off: tuple[tuple[int, int], ...] = ()
    notices: tuple[ReceivedNotice, ...] = ()
    measures: str | None = None
    earlier: tuple[EarlierRevision, ...] = ()
    sealed: bool = True
    form: Literal["emissions-bundle/1"] = FORM

    @property
    def times(self) -> Policy:
        """The times that policy fixed when it was judged; raises ManifestError."""
        try:
            return Policy(**self.policy)
        except TypeError:
            raise ManifestError("its policy names times that are not known") from None

    def of_kind(self, kind: LeafKind) -> list[Record]:
        """List the records of a kind."""
        return [each for each in self.records if each.kind == kind]

    def paths(self) -> set[str]:
        """Return the files that it names."""
        named = {each.path for each in self.records}
        if self.sealed:
            named |= {each.proof for each in self.records}
        named |= {schema_path(each) for each in self.schemas}
        files = (self.raw, self.means, self.measures)
        return named | {each for each in files if each is not None}


def schema_path(number: int) -> str:
    """Return the file of a schema by its id."""
    return f"{SCHEMAS}{number}.avsc"


def policy_of(policy: Policy) -> dict[str, int]:
    """Return the times of a policy as a manifest has them."""
    return dict(policy._asdict())


def write_manifest(manifest: Manifest) -> bytes:
    """Write a manifest: JSON in one form, which people can read."""
    return msgspec.json.format(msgspec.json.encode(manifest, order="deterministic"), indent=1) + (
        b"\n"
    )


def read_manifest(content: bytes) -> Manifest:
    """Read a manifest; raises ManifestError for one that `write_manifest` would not write."""
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ManifestError(str(error)) from None
    if write_manifest(manifest) != content:
        raise ManifestError("it is not in the form in which it was written")
    return manifest
