"""Ports for servers that are chosen now and bound later, perhaps again and again."""

from __future__ import annotations

import random
import sys

import pytest

from deploy.embedded.child import stable_port

pytestmark = pytest.mark.process


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's names are Linux's")
def test_a_port_that_was_given_is_given_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    first = stable_port()
    drawn = iter([first, first + 1, first + 2, first + 3])
    monkeypatch.setattr(random, "randint", lambda *_: next(drawn))
    assert stable_port() > first  # nobody listens on it, and it is another's all the same
