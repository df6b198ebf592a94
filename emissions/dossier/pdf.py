"""Sets a dossier as PDF/A-3b, with the evidence file inside it; needs the extra ``documents``.

No font of the machine is used and nothing is loaded: the fonts come with the library.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec

from emissions.dossier.document import Document, Figure

STANDARD: Final = "a-3b"
_TEMPLATE = "dossier.typ"


def pdf_of(document: Document, bundle: tuple[str, bytes] | None = None) -> bytes:
    """Set the document; ``bundle`` is the name and the content of the file that goes with it.

    The same document and bundle give the same bytes.
    """
    import typst

    template = resources.files("emissions.dossier").joinpath(_TEMPLATE).read_bytes()
    with TemporaryDirectory(prefix="emissions-dossier-") as made:
        directory = Path(made)
        (directory / _TEMPLATE).write_bytes(template)
        (directory / "qr.svg").write_text(document.qr, encoding="utf-8")
        data = _data(document, directory)
        data["bundle"] = None if bundle is None else bundle[0]
        if bundle is not None:
            (directory / "bundle").write_bytes(bundle[1])
        (directory / "data.json").write_bytes(msgspec.json.encode(data))
        compiler = typst.Compiler(
            str(directory / _TEMPLATE), root=str(directory), ignore_system_fonts=True
        )
        found = compiler.compile(
            format="pdf", pdf_standards=[STANDARD], timestamp=document.made_at // 1000
        )
    if not isinstance(found, bytes):
        raise TypeError("the library returned no PDF")
    return found


def _data(document: Document, directory: Path) -> dict[str, Any]:
    """Return what the template reads, and write the drawings it loads."""
    data: dict[str, Any] = msgspec.to_builtins(document)
    count = 0
    for section, written in zip(document.sections, data["sections"], strict=True):
        for block, item in zip(section.blocks, written["blocks"], strict=True):
            if isinstance(block, Figure):
                count += 1
                item["file"] = f"figure-{count}.svg"
                (directory / item["file"]).write_text(item.pop("svg"), encoding="utf-8")
    return data
