"""``emissions migrate``: create or update the tables and views of ClickHouse."""

from __future__ import annotations

import click


@click.command("migrate")
@click.option("--roles", is_flag=True, help="Create or correct the roles of ClickHouse as well.")
def command(roles: bool) -> None:
    """Create or update the tables and views in ClickHouse; safe to repeat.

    --roles makes the roles DATABASE_writer, _recorder, _regulator, _authority, _inspector,
    _analyst, _public and _portal with their rights, limits and quotas; it needs a user who may
    create roles, and gives them to nobody.

    \b
    Example:
      EMISSIONS_CLICKHOUSE_URL=http://clickhouse:8123 emissions migrate
    """
    from sinks import clickhouse, migrate
    from sinks.roles import apply_roles
    from streams.settings import Settings

    settings = Settings.from_env()
    with clickhouse.client(settings, database=False) as client:
        done = migrate.migrate(
            client,
            settings.clickhouse_database,
            rules=settings.rules,
            raw_years=settings.retention_raw_years,
            cluster=settings.clickhouse_cluster,
        )
        made = (
            apply_roles(client, settings.clickhouse_database, settings.clickhouse_cluster)
            if roles
            else []
        )
    for name in done:
        click.echo(f"applied {name}")
    if not done:
        click.echo(f"database {settings.clickhouse_database} is up to date")
    for name in made:
        click.echo(f"role {name} has its rights")
