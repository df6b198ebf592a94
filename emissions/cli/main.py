"""``emissions``: the command line; loads the module of a command when it is called."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import sys
import zoneinfo
from importlib import import_module
from pkgutil import iter_modules
from typing import IO, Any

import click

import emissions.cli
from emissions.cli.support.errors import BROKEN, CommandError, explained, usage_sentence

# Zones come from the pinned tzdata, also where a library looks one up: hosts have old ones.
zoneinfo.reset_tzpath(to=())

_FIRST = (
    "demo", "replay", "up", "serve", "simulate", "worker", "topics", "registry", "migrate", "sql",
    "violations", "dead-letters", "resume", "audit", "doctor", "settings",
)  # fmt: skip
_FOUND = {module.name.replace("_", "-") for module in iter_modules(emissions.cli.__path__)}
COMMANDS = (*_FIRST, *sorted(_FOUND - {*_FIRST, "main", "support"}))
"""Every module beside this one, in the order in which one meets them; new ones come last."""


class Commands(click.Group):
    """The group of all commands; turns every error into one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return every command, in the order in which a user meets them."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Import and return the command of a name."""
        if cmd_name not in COMMANDS:
            return None
        module = f"emissions.cli.{cmd_name.replace('-', '_')}"
        command: click.Command = import_module(module).command
        return command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Parse the call; raise a usage error as one sentence."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise usage_sentence(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; raise exceptions of the program as sentences."""
        try:
            return super().invoke(ctx)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise usage_sentence(error) from None
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            raise CommandError("interrupted", 128 + signal.SIGINT) from None
        except BrokenPipeError:  # the reader of the output has closed it
            _leave_alone(sys.stdout)
            raise click.exceptions.Exit(0) from None
        except Exception as error:
            raise explained(error) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="emission-streams", message="%(version)s")
def cli() -> None:
    """Emission readings in, provable violations out.

    \b
    Try first:
      emissions demo
      emissions replay --registry registry.yaml --input readings.csv --export out

    Settings of the deployed commands come from EMISSIONS_* variables (EMISSIONS_BROKER,
    EMISSIONS_CLICKHOUSE_URL, ...). Exit codes: 0 done, 1 failed, or a guarantee is broken, 2 bad
    input or usage.
    """
    # Logs of libraries are dropped unless a worker configures logging.
    logging.getLogger().addHandler(logging.NullHandler())


def main() -> None:
    """Run the console script; never print a traceback, whatever the standard streams are."""
    if sys.stdout is None:  # the parent process closed it
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until exit
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a character it cannot show is no failure
            stream.reconfigure(errors="backslashreplace")
    code: int | str | None = 0
    try:
        cli(prog_name="emissions")
    except SystemExit as ended:
        code = ended.code
    except OSError as error:  # from a help text; commands turn theirs into sentences
        code = _not_printed(error, code)
    sys.exit(_flushed(code))


def _flushed(code: int | str | None) -> int | str | None:
    """Flush both streams and return the exit code, or 1 where output was lost.

    Python flushes at exit too, but has nobody to report a failure to.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        code = _not_printed(error, code)
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:
        _leave_alone(sys.stderr)
    return code


def _not_printed(error: OSError, code: int | str | None) -> int | str | None:
    """Report that standard output is full, unless its reader left or the command failed anyway."""
    _leave_alone(sys.stdout)
    if isinstance(error, BrokenPipeError) or code != 0:
        return code
    with contextlib.suppress(OSError):
        click.echo(f"emissions: standard output: {error.strerror}", err=True)
    return BROKEN


def _leave_alone(stream: IO[str] | None) -> None:
    """Point a stream at the null device, so that what is left in its buffer is dropped."""
    if stream is None:
        return
    try:
        number = stream.fileno()
    except (OSError, ValueError):  # not backed by a file descriptor
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


if __name__ == "__main__":
    main()
