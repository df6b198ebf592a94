"""``emissions portal-users``: who may sign in at the portal of a small installation."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.output import format_option, show_rows


@click.group("portal-users")
def command() -> None:
    """Add, remove and list users of the portal, in the file EMISSIONS_PORTAL_USERS_FILE.

    \b
    Examples:
      emissions portal-users add aidar --role inspector --region KZ-55
      emissions portal-users list
    """


@command.command("add")
@click.argument("name")
@click.option(
    "--role", required=True, type=click.Choice(("operator", "inspector", "authority")),
    help="What the user is.",
)  # fmt: skip
@click.option("--bin", "bins", multiple=True, metavar="БИН", help="An operator's own; repeatable.")
@click.option("--region", "regions", multiple=True, help="An inspector's own; repeatable.")
@click.option("--nation", is_flag=True, help="An inspector of every region.")
def add(
    name: str, role: str, bins: tuple[str, ...], regions: tuple[str, ...], *, nation: bool
) -> None:
    """Add a user, or give one a new password and rights; asks for the password.

    From a script the password is the first line of standard input. It has at least 12 characters.

    \b
    Examples:
      emissions portal-users add zavod --role operator --bin 990140001233
      emissions portal-users add aidar --role inspector --region KZ-55 < password.txt
    """
    from emissions.portal.access.users import (
        LEAST_PASSWORD,
        MOST_PASSWORD,
        User,
        UsersError,
        hashed,
        read_users,
        write_users,
    )
    from streams.rules.country import load_country
    from streams.settings import Settings

    path = _path()
    country = load_country(Settings.from_env().rules)
    for each in regions:
        if not country.knows_region(each):
            known = ", ".join(sorted(country.regions)) or f"such as {country.region_example}"
            raise CommandError(f"{each} is no region of {country.code}: {known}", BAD_INPUT)
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise CommandError(
            f"a password has {LEAST_PASSWORD} to {MOST_PASSWORD} characters", BAD_INPUT
        )
    try:
        users = read_users(path)
        user = User(name, hashed(password), role, bins, regions, nation)  # type: ignore[arg-type]
        users[name] = user
        write_users(path, users)
    except (UsersError, ValueError) as error:
        raise CommandError(str(error), BAD_INPUT) from None
    click.echo(f"{path}: {name} may sign in as {role}")


@command.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Remove a user; open sessions of that user end.

    \b
    Example:
      emissions portal-users remove aidar
    """
    from emissions.portal.access.users import UsersError, read_users, write_users

    path = _path()
    try:
        users = read_users(path)
        if users.pop(name, None) is None:
            raise CommandError(f"{path}: there is no user {name}", BAD_INPUT)
        write_users(path, users)
    except UsersError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    click.echo(f"{path}: {name} was removed")


@command.command("list")
@format_option
def list_users(form: str) -> None:
    """List the users with role and rights, without their passwords.

    \b
    Example:
      emissions portal-users list --format json
    """
    from emissions.portal.access.users import UsersError, read_users

    try:
        users = read_users(_path())
    except UsersError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    rows = (
        {
            "name": each.name,
            "role": each.role,
            "holds_for": " ".join((*each.bins, *each.regions, *("nation",) * each.nation)),
        }
        for each in users.values()
    )
    show_rows(rows, ("name", "role", "holds_for"), form)


def _path() -> Path:
    """Return the file of users. Raises AccessFileError where others may read its hashes."""
    from streams.access_files import check_private
    from streams.settings import Settings

    named = Settings.from_env().portal_users_file
    if named is None:
        raise CommandError("EMISSIONS_PORTAL_USERS_FILE names no file of users", BAD_INPUT)
    path = Path(named)
    if path.exists():
        check_private(path, "EMISSIONS_PORTAL_USERS_FILE")
    return path
