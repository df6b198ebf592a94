"""A worker that is told to stop before it has started ends well."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

_MAIN = """
import os, signal, sys
from emissions.cli.main import cli
class Importing:
    def find_spec(self, name, path=None, target=None):
        if name in ("streams.worker", "sinks.worker"):
            os.kill(os.getpid(), signal.SIGTERM)
sys.meta_path.insert(0, Importing())
cli(["worker", sys.argv[1]])
"""


def test_sigterm_while_a_worker_imports_is_exit_0() -> None:
    for kind in ("streams", "sinks"):
        done = subprocess.run([sys.executable, "-c", _MAIN, kind], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
