"""Where a worker is between its start and its end."""

from __future__ import annotations


class Lifecycle:
    """Track a worker's phase; set by the worker, read by its health pages."""

    def __init__(self) -> None:
        self.not_running: str | None = "the worker is starting"
        """Why it does not run (yet, or any more), in a sentence; None while it runs."""
        self.excuse: str | None = self.not_running
        """The same, as far as a restart would not help."""

    def waiting_for(self, what: str) -> None:
        """Enter the phase in which it waits for something outside, named in a sentence."""
        self.not_running = self.excuse = what

    def starting(self) -> None:
        """Enter the phase in which nothing outside is missing: it must make progress by itself."""
        self.not_running, self.excuse = "the application is starting", None

    def running(self) -> None:
        """Enter the phase in which it runs."""
        self.not_running = self.excuse = None

    def stopping(self) -> None:
        """Enter the phase in which it was told to stop."""
        self.not_running = self.excuse = "the worker is stopping"
