"""Probes a worker in a container without an orchestrator: ``python -m streams.health.check``.

Exit 0: the worker is ready. Exit 1: it is not. A worker that is not live is killed, so that the
container ends and its restart policy starts it again: Docker itself does nothing about an
unhealthy container.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
from typing import Any, Final

from streams.settings import Settings, SettingsError

TIMEOUT_S: Final = 4.0

EXIT_CODES: Final = {
    "0": "the worker is ready",
    "1": "it is not ready, does not answer, or was killed because it is not live",
}
"""Exit codes of the check (docs/reference/exit-codes.md)."""


def check(settings: Settings) -> int:
    """Ask for both pages; return the exit code."""
    try:
        status, body = _ask(settings, "/livez")
        if status == http.client.SERVICE_UNAVAILABLE:
            print(f"killed: no progress: {'; '.join(body['reasons'])}")
            os.kill(body["pid"], signal.SIGKILL)  # its own loop may hang
            return 1
        status, body = _ask(settings, "/readyz")
    except (OSError, http.client.HTTPException, ValueError) as error:
        print(f"no answer: {error}")
        return 1
    if status != http.client.OK:
        waits = {name: why for name, why in body["conditions"].items() if why != "ok"}
        print(f"not ready: {'; '.join(f'{name}: {why}' for name, why in waits.items())}")
        return 1
    return 0


def _ask(settings: Settings, page: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(settings.web_host, settings.web_port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", page)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def main() -> int:
    """Check the worker whose settings are those of this environment."""
    try:
        settings = Settings.from_env()
    except SettingsError as error:
        print(error)
        return 1
    return check(settings)


if __name__ == "__main__":
    sys.exit(main())
