"""Where a worker is between its start and its end."""

from __future__ import annotations


class Stage:
    """Set by the worker as it goes on, read by what looks after it."""

    def __init__(self) -> None:
        self.why: str | None = "the worker is starting"
        """Why it does not run (yet, or any more); None while it runs."""
        self.excuse: str | None = self.why
        """The same where a new start would not mend it."""

    def waits(self, what: str) -> None:
        """It cannot begin before something outside is there."""
        self.why = self.excuse = what

    def begins(self) -> None:
        """Nothing outside is missing: from here on it must get on by itself."""
        self.why, self.excuse = "the application is starting", None

    def runs(self) -> None:
        """It has started."""
        self.why = self.excuse = None

    def stops(self) -> None:
        """It was told to stop."""
        self.why = self.excuse = "the worker is stopping"
