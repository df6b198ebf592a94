"""Errors of registrations."""

from __future__ import annotations


class RegistryError(ValueError):
    """The registry file is refused; the text is one sentence with file, place, what and why."""


class Problem(ValueError):  # noqa: N818 - it becomes a RegistryError once the file is known
    """One mistake at a path inside a registration, such as ``sources[0].limits[1].value``."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"{path}: {what}" if path else what)
        self.path = path
        self.what = what
