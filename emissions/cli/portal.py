"""``emissions portal``: the pages and data that anyone may see."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.options import PORT
from emissions.cli.support.output import notice

if TYPE_CHECKING:
    from streams.settings import Settings


@click.command("portal")
@click.option("--host", help="Address to listen on; default: EMISSIONS_PORTAL_HOST (loopback).")
@click.option("--port", type=PORT, help="Port; default: EMISSIONS_PORTAL_PORT (8080).")
def command(host: str | None, port: int | None) -> None:
    """Serve the public pages and the API over ClickHouse until Ctrl-C.

    Reads ClickHouse with the user of EMISSIONS_CLICKHOUSE_USER: in production one with the portal's
    role alone (`emissions migrate --roles`). Put a server that speaks TLS in front of it.

    \b
    Examples:
      emissions portal
      emissions portal --port 8000
    """
    from importlib.util import find_spec

    if find_spec("litestar") is None or find_spec("uvicorn") is None:
        raise CommandError(
            "the portal is not installed: pip install 'emission-streams[portal]'", BAD_INPUT
        )
    import uvicorn

    from emissions.portal.access.provider import ProviderSettingsError
    from emissions.portal.access.users import UsersError
    from emissions.portal.app import create_app
    from emissions.portal.punctual_protocol import PunctualProtocol
    from emissions.verify.trusted_keys import KeysError
    from streams.runtime.logs import configure
    from streams.settings import Settings

    settings = Settings.from_env()
    configure(settings)
    _check_users(settings)
    _check_data_path(settings)
    try:
        app = create_app(settings)
    except KeysError as error:
        raise CommandError(f"EMISSIONS_PORTAL_KEYS_FILE: {error}", BAD_INPUT) from None
    except ProviderSettingsError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    except UsersError as error:
        raise CommandError(f"EMISSIONS_PORTAL_USERS_FILE: {error}", BAD_INPUT) from None
    _tell_of_login(settings)
    address, at = host or settings.portal_host, port or settings.portal_port
    listening = _listen(address, at)
    click.echo(f"the portal listens on http://{address}:{at}/  (Ctrl-C ends it)")
    config = uvicorn.Config(
        app,
        http=PunctualProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=settings.portal_proxies is not None,
        forwarded_allow_ips=settings.portal_proxies,
    )
    uvicorn.Server(config).run(sockets=[listening])


def _check_users(settings: Settings) -> None:
    """Refuse settings of a sign-in that could let nobody in, or whose hashes others may read."""
    from streams.access_files import check_private

    file = settings.portal_users_file
    if file is not None and not Path(file).is_file():
        raise CommandError(
            f"EMISSIONS_PORTAL_USERS_FILE: {file} is not there; make it by "
            "`emissions portal-users add`",
            BAD_INPUT,
        )
    if file is not None:
        check_private(Path(file), "EMISSIONS_PORTAL_USERS_FILE")
    wanted = file is not None or settings.portal_oidc_issuer is not None
    if wanted and settings.portal_private_user is None:
        raise CommandError(
            "a sign-in is set (EMISSIONS_PORTAL_USERS_FILE or EMISSIONS_PORTAL_OIDC_ISSUER) and no "
            "user of ClickHouse for what is behind it: set EMISSIONS_PORTAL_PRIVATE_USER",
            BAD_INPUT,
        )


def _check_data_path(settings: Settings) -> None:
    """Refuse a directory of open data that cannot be one; what is not made yet may come."""
    if settings.portal_data_path is None:
        return
    path = Path(settings.portal_data_path)
    if path.is_dir():
        return
    if path.exists() or not path.absolute().parent.is_dir():
        why = "is no directory" if path.exists() else f"is not there, nor is {path.parent}"
        raise CommandError(
            f"EMISSIONS_PORTAL_DATA_PATH: {path} {why}: name the one that `emissions open-data "
            "export` writes",
            BAD_INPUT,
        )
    notice(f"EMISSIONS_PORTAL_DATA_PATH: {path} is not there until `emissions open-data export`")


def _tell_of_login(settings: Settings) -> None:
    """Tell where ClickHouse refuses the user of the sign-in: the public pages do without it."""
    from emissions.portal.access.private_data import why_refused

    user = settings.portal_private_user
    why = None if user is None else why_refused(settings, user)
    if why is not None:
        notice(f"nobody who signs in will see anything: {why}")


def _listen(host: str, port: int) -> socket.socket:
    """Open the socket before anybody is told of it."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        raise CommandError(
            f"the portal cannot listen on {host}:{port} ({error.strerror}): choose another with "
            "--host and --port",
            BAD_INPUT,
        ) from None
    return listening
