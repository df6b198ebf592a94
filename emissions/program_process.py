"""Start a command of this program as a child process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from deploy.embedded.child import die_with_parent
from streams.settings import PREFIX, Settings


def start_program(
    arguments: Sequence[str], settings: Settings, log: IO[bytes], directory: Path
) -> subprocess.Popen[bytes]:
    """Start ``emissions`` with these arguments and settings, its output in ``log``.

    Start it from the main thread: the child ends with that. ``directory`` is its working directory.
    """
    outer = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    return subprocess.Popen(
        [sys.executable, "-m", "emissions.cli.main", *arguments],
        cwd=directory,  # the runtime's own data directory belongs to the run
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**outer, **settings.as_env()},
        preexec_fn=die_with_parent(),
        start_new_session=True,  # Ctrl-C is for the parent, which stops its children in order
    )
