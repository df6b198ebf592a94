"""Style, scripts and pictures of the pages, at addresses that name their content."""

from __future__ import annotations

import hashlib
from functools import cached_property
from importlib.resources import files
from typing import Annotated, Final

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import Parameter

_KINDS: Final = {  # Litestar says the charset of text
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}


class Assets:
    """The files of ``static/``; each address holds a hash, so it may be kept for a year."""

    @cached_property
    def _files(self) -> dict[str, bytes]:
        return {
            file.name: file.read_bytes()
            for file in files("emissions.portal").joinpath("static").iterdir()
            if file.name.rpartition(".")[2] in _KINDS
        }

    @cached_property
    def _marks(self) -> dict[str, str]:
        return {
            name: hashlib.sha256(content).hexdigest()[:12] for name, content in self._files.items()
        }

    def address(self, name: str) -> str:
        """Return the address of a file. Raises KeyError for one that is not there."""
        return f"/static/{self._marks[name]}/{name}"

    def content(self, mark: str, name: str) -> tuple[bytes, str] | None:
        """Return bytes and media type of a file at its address, or None."""
        if self._marks.get(name) != mark:
            return None
        return self._files[name], _KINDS[name.rpartition(".")[2]]


ASSETS: Final = Assets()


@get("/static/{mark:str}/{name:str}", sync_to_thread=False, include_in_schema=False)
def static_file(
    mark: Annotated[str, Parameter(max_length=12)], name: Annotated[str, Parameter(max_length=60)]
) -> Response[bytes]:
    """Send a file that never changes at its address."""
    found = ASSETS.content(mark, name)
    if found is None:
        raise NotFoundException
    return Response(
        found[0],
        media_type=found[1],
        headers={"cache-control": "public, max-age=31536000, immutable"},
    )
