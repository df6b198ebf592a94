"""What a measurement ran on, for its document."""

from __future__ import annotations

import os
import platform


def machine(broker: str | None) -> dict[str, object]:
    """Cores, system, interpreter, the kind of broker (None: there was none), how busy it is."""
    return {
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "broker": broker,
        "load_average": os.getloadavg(),  # at the end: more than the bench itself, or not
    }
