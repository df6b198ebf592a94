"""Kinds of rules that exist for a test and are gone after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from streams.core.judging import evaluator


@contextmanager
def kinds_of_a_test(*, shipped: bool = True) -> Iterator[None]:
    """Forget afterwards the evaluators that were registered inside; begin without the shipped."""
    with pytest.MonkeyPatch.context() as patch:
        known = dict(evaluator._EVALUATORS) if shipped else {}
        patch.setattr(evaluator, "_EVALUATORS", known)
        yield
