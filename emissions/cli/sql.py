"""``emissions sql``: run one read-only query on ClickHouse."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

from emissions.cli.support.errors import BAD_INPUT, CommandError, clickhouse_sentence
from emissions.cli.support.output import notice, show_table
from emissions.cli.support.running import ENDINGS
from emissions.cli.support.workspace import kept_clickhouse

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

LIMIT = 1_000
FORMS = ("table", "csv", "json", "ndjson", "parquet")
_SUFFIXES = {".csv": "csv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson",
             ".parquet": "parquet"}  # fmt: skip
_CHUNK = 1 << 20


@click.command("sql")
@click.argument("statement")
@click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    help="Query the ClickHouse that a demo (--keep) or replay (--workspace) left here.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    help="table (default), csv with a header, json (one array), ndjson (one object a line) or "
    "parquet; with -o the suffix of the file decides.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the result to this file.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"Print at most N rows, 0: all.  [default: {LIMIT} for a table, else all]",
)
@click.option(
    "--quote-big-integers",
    is_flag=True,
    help="Write 64-bit integers as JSON strings, for readers that use doubles.",
)
def command(
    statement: str,
    workspace: Path | None,
    form: str | None,
    output: Path | None,
    limit: int | None,
    quote_big_integers: bool,
) -> None:
    """Run one read-only query on ClickHouse and print the result as it streams in.

    JSON has null for NaN and infinity. Ctrl-C also cancels the query on the server.

    \b
    Examples:
      emissions sql "SELECT * FROM compliance_nation"
      emissions sql --workspace run --format json "SELECT * FROM violations_by_rule"
      emissions sql -o means.parquet "SELECT * FROM means_current"
    """
    from emissions.cli.support.sql_statement import StatementError, only_statement

    try:
        question = only_statement(statement)
    except StatementError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    chosen = form or _form_of(output)
    if chosen == "parquet" and output is None and sys.stdout.isatty():
        raise CommandError("parquet is binary: name a file with -o", BAD_INPUT)
    with interruptible(), ExitStack() as stack:
        client = _client(stack, workspace)
        with _sentences():
            if chosen == "table":
                _table(client, question, LIMIT if limit is None else limit, output)
            else:
                with _target(output) as target:
                    _raw(client, question, chosen, limit or 0, target, quote_big_integers)


@contextmanager
def interruptible() -> Iterator[None]:
    """End on Ctrl-C, SIGTERM or SIGHUP at once, with exit code 128 + signal."""

    def end(number: int, _: object) -> NoReturn:
        for each in ENDINGS:  # ignore further signals
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    before = {number: signal.signal(number, end) for number in ENDINGS}
    try:
        yield
    except Interrupted as interrupted:
        click.echo("emissions: interrupted", err=True)
        raise click.exceptions.Exit(128 + interrupted.number) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Interrupted(BaseException):
    """Raised by the signal handler wherever the program is."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _form_of(output: Path | None) -> str:
    if output is None:
        return "table"
    form = _SUFFIXES.get(output.suffix.lower())
    if form is None:
        known = ", ".join(sorted(_SUFFIXES))
        raise CommandError(f"{output}: give --format, or a file that ends in {known}", BAD_INPUT)
    return form


def _client(stack: ExitStack, workspace: Path | None) -> Client:
    from sinks import clickhouse
    from streams.settings import Settings

    settings = Settings.from_env()
    if workspace is not None:
        settings = stack.enter_context(kept_clickhouse(workspace, settings))
    # A query may take its time: Ctrl-C cancels it.
    return stack.enter_context(clickhouse.client(settings, within_s=24 * 3600))


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn errors of ClickHouse into sentences: a refused query exits with 2, a lost one with 1."""
    from clickhouse_connect.driver.exceptions import (
        DatabaseError,
        OperationalError,
        StreamFailureError,
    )
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (OperationalError, StreamFailureError):
        raise
    except DatabaseError as error:
        raise CommandError(clickhouse_sentence(error), BAD_INPUT) from None
    except HTTPError as error:
        raise CommandError(f"the connection broke ({error}); the result is incomplete") from None


def _table(client: Client, question: str, limit: int, output: Path | None) -> None:
    from emissions.cli.support.sql_query import stream_rows

    more: list[Any] = []

    def shown(given: Iterator[Any]) -> Iterator[Any]:
        for count, row in enumerate(given, 1):
            if count > limit > 0:
                more.append(row)
                return
            yield row

    with (
        _target(output) as target,
        stream_rows(client, question, limit + 1 if limit else 0) as answer,
    ):
        if output is None:
            show_table(answer.columns, shown(iter(answer.rows)))
        else:
            import io

            with contextlib.redirect_stdout(io.TextIOWrapper(target, "utf-8", write_through=True)):
                show_table(answer.columns, shown(iter(answer.rows)))
    if more:
        notice(
            f"only the first {limit:,} rows are shown; use --limit N for more, --limit 0 for all"
        )


def _raw(
    client: Client, question: str, form: str, limit: int, target: IO[bytes], quote: bool
) -> None:
    from emissions.cli.support.sql_query import stream_bytes

    answer = stream_bytes(
        client,
        question,
        "ndjson" if form == "json" else form,
        limit,
        quote_big_integers=quote,
    )
    try:
        target.write(answer.head)
        if form == "json":
            _array(answer.body, target)
        else:
            while chunk := answer.body.read(_CHUNK):
                target.write(chunk)
        target.flush()
    finally:
        answer.body.close()


def _array(lines: IO[bytes], target: IO[bytes]) -> None:
    """Write JSON lines as one array, one object a line."""
    separator, rest = b"[\n", b""
    while chunk := lines.read(_CHUNK):
        whole, newline, rest = (rest + chunk).rpartition(b"\n")
        if newline:
            target.write(separator + whole.replace(b"\n", b",\n"))
            separator = b",\n"
    if rest:
        target.write(separator + rest)
        separator = b",\n"
    target.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


@contextmanager
def _target(output: Path | None) -> Iterator[IO[bytes]]:
    """Open standard output, or a file that appears only once it is complete."""
    if output is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        return
    try:
        if output.exists() and not output.is_file():  # a device or a pipe
            with output.open("wb") as file:
                yield file
            return
        part = output.with_name(f".{output.name}.{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                yield file
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandError(f"{output}: {error.strerror or error}", BAD_INPUT) from None
