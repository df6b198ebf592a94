"""``emissions``: the command line. One command a file of this package, loaded when it is asked."""

from __future__ import annotations

import logging
import sys
import zoneinfo
from importlib import import_module
from typing import Any

import click

from streams.cli.errors import explained, usage_sentence

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
        except BrokenPipeError:  # the reader of our output has seen enough
            sys.stdout = None
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
    """Entry point of the console script."""
    cli(prog_name="emissions")


if __name__ == "__main__":
    main()
