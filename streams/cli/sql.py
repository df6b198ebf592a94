"""``emissions sql``: a question to ClickHouse."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from streams.cli.errors import BAD_INPUT, CommandError, clickhouse_sentence
from streams.cli.output import format_option, show_rows
from streams.cli.workspace import kept_clickhouse


@click.command("sql")
@click.argument("statement")
@click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    help="Open the ClickHouse that a demo (--keep) or replay (--workspace) left here.",
)
@format_option
def command(statement: str, workspace: Path | None, form: str) -> None:
    """Ask ClickHouse one question (read only) and print the answer.

    \b
    Examples:
      emissions sql "SELECT * FROM compliance_nation"
      emissions sql --workspace run --format json "SELECT * FROM violations_by_rule"
    """
    from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

    from sinks import clickhouse, query
    from streams.settings import Settings

    if not statement.strip(" \t\n;"):
        raise CommandError("the question is empty", BAD_INPUT)
    settings = Settings.from_env()
    with ExitStack() as stack:
        if workspace is not None:
            settings = stack.enter_context(kept_clickhouse(workspace, settings))
        client = stack.enter_context(clickhouse.client(settings))
        try:
            answer = query.run(client, statement)
        except OperationalError:
            raise
        except DatabaseError as error:
            raise CommandError(clickhouse_sentence(error), BAD_INPUT) from None
    show_rows(
        (dict(zip(answer.columns, row, strict=True)) for row in answer.rows), answer.columns, form
    )
