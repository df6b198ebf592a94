"""``emissions sql``: a question to ClickHouse."""

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

from streams.cli.errors import BAD_INPUT, CommandError, clickhouse_sentence
from streams.cli.output import notice, show_table
from streams.cli.running import ENDINGS
from streams.cli.workspace import kept_clickhouse

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
    help="Open the ClickHouse that a demo (--keep) or replay (--workspace) left here.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    help="table for people (default), csv with a head, json (one array), ndjson (an object a line) "
    "or parquet; where -o names a file, its suffix says it.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the answer to this file.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"At most N rows, 0: all.  [default: {LIMIT} of a table, all of everything else]",
)
@click.option(
    "--quote-big-integers",
    is_flag=True,
    help="JSON: integers of 64 bits as texts, for readers whose numbers are doubles.",
)
def command(
    statement: str,
    workspace: Path | None,
    form: str | None,
    output: Path | None,
    limit: int | None,
    quote_big_integers: bool,
) -> None:
    """Ask ClickHouse one question (read only) and print the answer as it comes.

    JSON has null for NaN and infinity. Ctrl-C ends the question too.

    \b
    Examples:
      emissions sql "SELECT * FROM compliance_nation"
      emissions sql --workspace run --format json "SELECT * FROM violations_by_rule"
      emissions sql -o means.parquet "SELECT * FROM means_current"
    """
    from sinks.statement import StatementError, only_statement

    try:
        question = only_statement(statement)
    except StatementError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    chosen = form or _form_of(output)
    if chosen == "parquet" and output is None and sys.stdout.isatty():
        raise CommandError("parquet is no text for a terminal: name a file with -o", BAD_INPUT)
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
    """Ctrl-C, SIGTERM and SIGHUP end what is under way at once, and exit with 128 + signal."""

    def end(number: int, _: object) -> NoReturn:
        for each in ENDINGS:  # what ends now ends once
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
    """A signal came; raised wherever the program is."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _form_of(output: Path | None) -> str:
    if output is None:
        return "table"
    form = _SUFFIXES.get(output.suffix.lower())
    if form is None:
        known = ", ".join(sorted(_SUFFIXES))
        raise CommandError(
            f"{output}: say --format, or name a file that ends in {known}", BAD_INPUT
        )
    return form


def _client(stack: ExitStack, workspace: Path | None) -> Client:
    from sinks import clickhouse
    from streams.settings import Settings

    settings = Settings.from_env()
    if workspace is not None:
        settings = stack.enter_context(kept_clickhouse(workspace, settings))
    # A question may take its time: Ctrl-C is there to give it up.
    return stack.enter_context(clickhouse.client(settings, within_s=24 * 3600))


@contextmanager
def _sentences() -> Iterator[None]:
    """What ClickHouse refuses is the question's fault; what breaks off is not."""
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
        raise CommandError(f"the answer broke off ({error}); what came is not all") from None


def _table(client: Client, question: str, limit: int, output: Path | None) -> None:
    from sinks.query import rows

    more: list[Any] = []

    def shown(given: Iterator[Any]) -> Iterator[Any]:
        for count, row in enumerate(given, 1):
            if count > limit > 0:
                more.append(row)
                return
            yield row

    with _target(output) as target, rows(client, question, limit + 1 if limit else 0) as answer:
        if output is None:
            show_table(answer.columns, shown(iter(answer.rows)))
        else:
            import io

            with contextlib.redirect_stdout(io.TextIOWrapper(target, "utf-8", write_through=True)):
                show_table(answer.columns, shown(iter(answer.rows)))
    if more:
        notice(f"the first {limit:,} rows are shown; --limit N shows more, --limit 0 all")


def _raw(
    client: Client, question: str, form: str, limit: int, target: IO[bytes], quote: bool
) -> None:
    from sinks.query import raw

    answer = raw(
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
    """A JSON object a line becomes one array, a line each."""
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
    """Standard output, or a file that is there only when it is whole."""
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
