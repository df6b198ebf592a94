"""The error that ends a worker until a person acts."""

from __future__ import annotations


class OperatorError(Exception):
    """A person must act before the worker can go on; the text is a sentence that says how."""
