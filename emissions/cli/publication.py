"""``emissions publication``: show and set what the public may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.output import format_option, show_rows

if TYPE_CHECKING:
    from emissions.publication_switch import PolicySetting

COLUMNS = ("revision", "names", "held", "set_at", "set_by", "reason")
NAMES = ("AFTER_APPEAL", "FINAL_DECISIONS_ONLY", "NOBODY")


@click.group("publication")
def command() -> None:
    """Show or set when enterprises are named, and whether cases are shown to the public.

    \b
    Example:
      emissions publication show
    """


@command.command("show")
@click.option("--history", is_flag=True, help="Every setting that was made, the last one first.")
@format_option
def show(history: bool, form: str) -> None:
    """Show the setting in force; revision 0 is the default, which nobody has set.

    \b
    Examples:
      emissions publication show
      emissions publication show --history --format json
    """
    from emissions.publication_switch import policy_history, read_policy
    from sinks import clickhouse
    from streams.settings import Settings

    with clickhouse.client(Settings.from_env()) as client:
        found = policy_history(client) if history else [read_policy(client)]
    show_rows([_row(each) for each in found], COLUMNS, form)


@command.command("set")
@click.option("--names", type=click.Choice(NAMES), help="When enterprises are named.")
@click.option(
    "--hold/--release",
    "held",
    default=None,
    help="Show the public no case, violation or statistic of them, or again.",
)
@click.option("--by", "set_by", required=True, metavar="NAME", help="Who sets it.")
@click.option(
    "--reason",
    default="",
    metavar="TEXT",
    help="Why, such as the number of an order; --hold needs one.",
)
def set_(names: str | None, held: bool | None, set_by: str, reason: str) -> None:
    """Set when enterprises are named, or hold publication; what is not given stays as it is.

    It is in force at once. Who set it, when and why is kept with every earlier setting.

    \b
    Examples:
      emissions publication set --names FINAL_DECISIONS_ONLY --by "A. Official" --reason "Order 17"
      emissions publication set --hold --by "A. Official" --reason "Wrong limits were loaded"
    """
    from emissions.publication import Names, PublicationPolicy
    from emissions.publication_switch import PolicyConflictError, read_policy, set_policy
    from sinks import clickhouse
    from streams.settings import Settings

    if names is None and held is None:
        raise CommandError("nothing to set: give --names, --hold or --release", BAD_INPUT)
    if not set_by.strip():
        raise CommandError("--by is empty: say who sets it", BAD_INPUT)
    if held and not reason.strip():
        raise CommandError("--hold needs --reason: it is kept with the setting", BAD_INPUT)
    with clickhouse.client(Settings.from_env()) as client:
        setting = read_policy(client)
        before = setting.policy
        policy = PublicationPolicy(
            before.names if names is None else Names(names),
            before.held if held is None else held,
        )
        try:
            revision = set_policy(
                client, policy, set_by.strip(), reason.strip(), after=setting.revision
            )
        except PolicyConflictError as conflict:
            raise CommandError(str(conflict)) from None
    shown = (
        "no case or violation is shown to the public; means and gaps stay open"
        if policy.held
        else f"names {policy.names}"
    )
    click.echo(f"setting {revision} is in force: {shown}")


def _row(setting: PolicySetting) -> dict[str, Any]:
    at = setting.set_at
    return {
        "revision": setting.revision,
        "names": setting.policy.names.value,
        "held": setting.policy.held,
        "set_at": None if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "set_by": setting.set_by,
        "reason": setting.reason,
    }
