"""``emissions``: the command line. One command a file of this package, loaded when it is asked."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import sys
import zoneinfo
from importlib import import_module
from typing import IO, Any

import click

from streams.cli.errors import BROKEN, CommandError, explained, usage_sentence

# Zones come from the pinned tzdata, also where a library looks one up: hosts have old ones.
zoneinfo.reset_tzpath(to=())

COMMANDS = (
    "demo", "replay", "simulate", "worker", "topics", "registry", "migrate", "sql", "violations",
    "dead-letters", "resume", "audit", "doctor", "settings",
)  # fmt: skip


class Commands(click.Group):
    """The group of all commands; every error leaves it as one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Every command, in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """The command, from the module of its name."""
        if cmd_name not in COMMANDS:
            return None
        module = f"streams.cli.{cmd_name.replace('-', '_')}"
        command: click.Command = import_module(module).command
        return command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """The context of the whole call; a mistake in it is one sentence."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise usage_sentence(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exceptions of the program become sentences."""
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
        except BrokenPipeError:  # the reader of our output has seen enough
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
    EMISSIONS_CLICKHOUSE_URL, ...). Exit codes: 0 done, 1 the run found its own guarantees broken
    or failed, 2 bad input or usage.
    """
    # what libraries have to say goes nowhere, unless a worker sets up its log
    logging.getLogger().addHandler(logging.NullHandler())


def main() -> None:
    """Entry point of the console script; whatever the standard streams are, no traceback."""
    if sys.stdout is None:  # it was closed by whoever started this
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter that it cannot show is no failure
            stream.reconfigure(errors="backslashreplace")
    code: int | str | None = 0
    try:
        cli(prog_name="emissions")
    except SystemExit as ended:
        code = ended.code
    except OSError as error:  # of a help text; those of commands are sentences by now
        code = _not_printed(error, code)
    sys.exit(_flushed(code))


def _flushed(code: int | str | None) -> int | str | None:
    """The exit code once everything that was printed is out, or another if it cannot be.

    Python writes what is left when it ends and then has nobody to tell that it could not.
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
    """Say that standard output takes no more, unless its reader went or something else failed."""
    _leave_alone(sys.stdout)
    if isinstance(error, BrokenPipeError) or code != 0:
        return code
    with contextlib.suppress(OSError):
        click.echo(f"emissions: standard output: {error.strerror}", err=True)
    return BROKEN


def _leave_alone(stream: IO[str] | None) -> None:
    """Lead what is left in a stream's buffer to nowhere."""
    if stream is None:
        return
    try:
        number = stream.fileno()
    except (OSError, ValueError):  # no stream of the operating system
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


if __name__ == "__main__":
    main()
