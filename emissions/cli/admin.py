"""``emissions admin``: what an administrator of the brokers does for a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.output import notice, show_rows
from streams.counted import counted
from streams.kafka.rights import BRIDGE_GROUP, ROLES

if TYPE_CHECKING:
    from emissions.admin.principals import Granted
    from streams.settings import Settings


@click.group("admin")
def command() -> None:
    """Give each role its least rights at the broker.

    \b
    Example:
      emissions admin acl --role streams --role sinks
    """


@command.command("acl")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(list(ROLES)),
    help="Only this role; may be repeated (default: all).",
)
@click.option(
    "--principal",
    "principals",
    multiple=True,
    metavar="ROLE=PRINCIPAL",
    help="Who has a role; may be repeated, for one role too (default: User:emissions-ROLE).",
)
@click.option(
    "--bridge-group",
    default=BRIDGE_GROUP,
    show_default=True,
    help="Consumer group of the bridge.",
)
@click.option(
    "--print/--apply",
    "printed",
    default=True,
    help="Print the rights (default), or give them; none is taken away.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("commands", "table", "json")),
    help="commands: of kafka-acls.sh (default of --print); table (of --apply); json.",
)
def acl(
    roles: tuple[str, ...],
    principals: tuple[str, ...],
    bridge_group: str,
    printed: bool,
    form: str | None,
) -> None:
    """Print or give the least rights of each role at the broker.

    The rights follow from the settings: names of topics and of consumer groups. --apply needs the
    extra `admin`, a broker with an authorizer, and a user who may give rights; it tells what the
    principals may do beyond their role, with the command that takes it away, and exits with 1 then.

    \b
    Examples:
      emissions admin acl > acl.sh
      emissions admin acl --apply --principal station=User:plant-7
      emissions admin acl --role auditor --format json
    """
    from emissions.admin.acl_commands import commands
    from emissions.admin.principals import PrincipalError, granted
    from streams.settings import Settings

    settings = Settings.from_env()
    try:
        grants = granted(settings, roles, principals, bridge=bridge_group)
    except PrincipalError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    if not printed:
        _apply(settings, grants, form or "table")
    elif form in (None, "commands"):
        for line in commands(grants, settings.broker):
            click.echo(line)
    else:
        show_rows(
            (
                {"principal": grant.principal, "role": grant.role.name, **right._asdict()}
                for grant in grants
                for right in grant.role.rights
            ),
            ("principal", "operation", "resource", "name", "pattern"),
            str(form),
        )


def _apply(settings: Settings, grants: list[Granted], form: str) -> None:
    from emissions.admin.acl_apply import AclError, apply
    from emissions.admin.acl_commands import command as one_command

    if form == "commands":
        raise CommandError("--apply tells what it did as table or json, not as commands", BAD_INPUT)
    try:
        found = apply(settings, grants)
    except AclError as error:
        raise CommandError(str(error)) from None
    beyond = [each for each in found if each.state == "more than the role needs"]
    show_rows(
        (
            {
                "state": each.state,
                "principal": each.principal,
                **each.right._asdict(),
                "do": one_command(each.principal, each.right, "--remove") if each in beyond else "",
            }
            for each in found
        ),
        ("state", "principal", "operation", "resource", "name", "pattern", "do"),
        form,
    )
    given = sum(each.state == "given" for each in found)
    notice(f"rights given: {given}; had before: {len(found) - given - len(beyond)}")
    if beyond:
        notice(f"beyond their roles principals have {counted(len(beyond), 'right')}: see `do`")
        raise click.exceptions.Exit(1)
