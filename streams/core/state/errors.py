"""Errors of saved state."""

from __future__ import annotations

from streams.errors import OperatorError


class UnusableStateError(OperatorError):
    """The saved state has another form, or lacks a key; says which, and what to do."""
