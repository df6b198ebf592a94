"""Puts the files of a bundle together: their hashes, the statement over them, the archive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

from streams.core.evidence.bundle.archive import pack
from streams.core.evidence.bundle.manifest import Manifest, write_manifest
from streams.core.evidence.bundle.statement import sign_statement, state
from streams.core.evidence.note import PublicKey, Sign

MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
STATEMENT: Final = "statement.dsse.json"
KEYS: Final = "keys.txt"
CHECKPOINT: Final = "checkpoint"
STAMP: Final = "checkpoint.tsr"
DOSSIER: Final = "dossier.pdf"
GUIDE: Final = "VERIFY.md"
ALWAYS: Final = frozenset({MANIFEST, SUMS, KEYS, GUIDE})
OPTIONAL: Final = frozenset({STATEMENT, CHECKPOINT, STAMP, DOSSIER})


def assemble(
    manifest: Manifest,
    files: Mapping[str, bytes],
    keys: Iterable[PublicKey],
    signers: Iterable[tuple[PublicKey, Sign]],
) -> bytes:
    """Assemble a bundle from the files that its manifest names and those that go with it.

    ``keys`` are named in it, beside those of the ``signers``. The same input gives the same bytes.
    """
    signing = list(signers)
    words = sorted({each.text for each in (*keys, *(key for key, _ in signing))})
    content = dict(files)
    content[MANIFEST] = write_manifest(manifest)
    content[KEYS] = "".join(f"{word}\n" for word in words).encode()
    content[SUMS] = sums_of(content)
    if signing:
        predicate = {
            "id": manifest.id,
            "program": manifest.program,
            "revision": manifest.revision,
            "subject": manifest.subject,
        }
        content[STATEMENT] = sign_statement(state(content, predicate), signing).text
    return pack(content)


def sums_of(files: Mapping[str, bytes]) -> bytes:
    """Write the hashes of files as ``sha256sum`` does, but for itself and the statement."""
    return "".join(
        f"{sha256(files[name]).hexdigest()}  {name}\n"
        for name in sorted(files)
        if name not in (SUMS, STATEMENT)
    ).encode()
