"""``emissions portal``: the pages and data that anyone may see."""

from __future__ import annotations

import click

from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.options import PORT


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
    from emissions.verify.trusted_keys import KeysError
    from streams.runtime.logs import configure
    from streams.settings import Settings

    settings = Settings.from_env()
    configure(settings)
    try:
        app = create_app(settings)
    except KeysError as error:
        raise CommandError(f"EMISSIONS_PORTAL_KEYS_FILE: {error}", BAD_INPUT) from None
    except ProviderSettingsError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    except UsersError as error:
        raise CommandError(f"EMISSIONS_PORTAL_USERS_FILE: {error}", BAD_INPUT) from None
    address, at = host or settings.portal_host, port or settings.portal_port
    click.echo(f"the portal listens on http://{address}:{at}/  (Ctrl-C ends it)")
    uvicorn.run(
        app,
        host=address,
        port=at,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=settings.portal_proxies is not None,
        forwarded_allow_ips=settings.portal_proxies,
    )
