"""Show what happens in a local stack: lines for people, JSON lines for scripts, a status line."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from typing import Any, Final

import click

from emissions.cli.support.output import json_text
from streams.counted import counted

_SAID: Final = 160
_CLEAR: Final = "\r\x1b[2K"


class StackEvents:
    """Prints each event on standard error, in JSON on standard output; keeps one status line.

    The status line is shown only on a terminal.
    """

    def __init__(self, form: str) -> None:
        self._json = form == "json"
        self._terminal = sys.stderr.isatty() and not self._json
        self._status = ""

    @property
    def shows_status(self) -> bool:
        """Whether a status line is wanted."""
        return self._terminal

    @property
    def width(self) -> int:
        """Characters that a status line may have."""
        return shutil.get_terminal_size().columns - 1

    def __call__(self, event: str, **fields: object) -> None:
        """Print an event."""
        if self._json:
            click.echo(json_text({"time": _now().isoformat(), "event": event, **fields}))
            return
        self._clear()
        click.echo(f"{_now().astimezone():%H:%M:%S} {sentence(event, fields)}", err=True)
        self._show()

    def status(self, line: str) -> None:
        """Show another status line in the place of the last one."""
        self._clear()
        self._status = line
        self._show()

    def end(self) -> None:
        """Leave the status line behind."""
        if self._terminal and self._status:
            click.echo(err=True)
        self._status = ""

    def _clear(self) -> None:
        if self._terminal and self._status:
            click.echo(_CLEAR, err=True, nl=False)

    def _show(self) -> None:
        if self._terminal and self._status:
            click.echo(self._status, err=True, nl=False)


def sentence(event: str, fields: dict[str, Any]) -> str:
    """Return the words of an event."""
    part = fields.get("part", "")
    if event == "part_started":
        again = " again" if fields["failures"] else ""
        return f"{part} started{again} (process {fields['pid']}, log {fields['log']})"
    if event == "part_ended":
        code, log = fields["exit_code"], fields["log"]
        if code < 0:  # it could not say so: its last line is of something else
            last = _said(fields, ", last line")
            return f"{part} was killed by signal {-code}; {_again(fields)} (log {log}{last})"
        how = f"with exit code {code}" if code else "by itself"
        return f"{part} ended {how}{_said(fields)}; {_again(fields)} (log {log})"
    if event == "part_not_started":
        return f"{part} did not start{_said(fields)}; {_again(fields)} (log {fields['log']})"
    if event == "part_finished":
        return f"{part} is done{_said(fields)}"
    if event == "topics_created":
        return f"{counted(fields['count'], 'topic')} created"
    if event == "tables_migrated":
        return f"tables and views migrated to {fields['newest']}"
    if event == "registry_loaded":
        return (
            f"registry loaded: {counted(fields['enterprises'], 'enterprise')} with "
            f"{counted(fields['sources'], 'source')}"
        )
    if event == "stopped":
        return f"everything is stopped; `emissions up` on {fields['directory']} goes on from here"
    if event == "served":
        return f"{fields['directory']} is no longer served"
    if event == "waiting":
        return f"waiting: {fields['why']}"
    return " ".join([event, *(f"{name}={value}" for name, value in fields.items())])


def _said(fields: dict[str, Any], introduced: str = "") -> str:
    said = _plain(str(fields.get("said") or ""))
    return f"{introduced}: {said[:_SAID]}" if said else ""


def _plain(line: str) -> str:
    """Return a line of a log as it is, of one in JSON the event and its error."""
    try:
        found = json.loads(line)
    except ValueError:
        return line
    if not isinstance(found, dict) or "event" not in found:
        return line
    error = f" ({found['error']})" if found.get("error") else ""
    return f"{found['event']}{error}"


def _again(fields: dict[str, Any]) -> str:
    wait = fields["again_in_s"]
    return f"it is started again in {wait:.0f} s" if wait else "it is started again now"


def _now() -> datetime:
    return datetime.now(UTC)
