"""``emissions migrate``: create or update the tables and views of ClickHouse."""

from __future__ import annotations

import click


@click.command("migrate")
def command() -> None:
    """Create or update the tables and views in ClickHouse; safe to repeat.

    \b
    Example:
      EMISSIONS_CLICKHOUSE_URL=http://clickhouse:8123 emissions migrate
    """
    from sinks import clickhouse, migrate
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
    for name in done:
        click.echo(f"applied {name}")
    if not done:
        click.echo(f"database {settings.clickhouse_database} is up to date")
