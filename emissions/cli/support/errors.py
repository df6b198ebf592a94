"""How a command fails: one sentence on standard error, and an exit code."""

from __future__ import annotations

import errno
import os
import re
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

BAD_INPUT = 2
BROKEN = 1

EXIT_CODES = {
    "0": "done; of `up`, `serve`, `worker` and `open-data export --every` also: told to stop",
    str(BROKEN): "the run found its own guarantees broken, or a part failed",
    str(BAD_INPUT): "bad input or usage: one sentence says what and where",
    "128 + n": "ended by signal n before it was done, other commands: 130 is Ctrl-C",
}
"""Exit codes of every command (docs/reference/exit-codes.md)."""

_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_CREDENTIALS = re.compile(r"(?<=://)\S*@")
_ADDRESS = re.compile(r"\('([^']+)', (\d+)")
_SERVER_SAYS = re.compile(r"DB::Exception: (.+)", re.DOTALL)
_PLACE = re.compile(r"\s*\(for url [^)]*\)$")
_REQUEST = re.compile(r"\((https?://[^)\s]+)\)$")


class CommandError(click.ClickException):
    """A sentence for the user and an exit code: 2 for bad input or usage, otherwise 1."""

    def __init__(self, sentence: str, exit_code: int = BROKEN) -> None:
        super().__init__(masked(sentence))
        self.exit_code = exit_code

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence on standard error."""
        click.echo(f"emissions: {self.message}", file=file, err=True)


def masked(text: str) -> str:
    """Hide the credentials of every URL in a text."""
    return _CREDENTIALS.sub("***@", text)


def usage_sentence(error: click.UsageError) -> CommandError:
    """Turn a usage error into one sentence that names the help page."""
    said = " ".join(error.format_message().split()).rstrip(".")
    where = error.ctx.command_path if error.ctx is not None else "emissions"
    return CommandError(f"{said} (see `{where} --help`)", BAD_INPUT)


def explained(error: Exception) -> click.ClickException:
    """Return the error that the user sees for an exception of the program."""
    for kinds, exit_code, sentence_of in _known():
        if isinstance(error, kinds):
            return CommandError(sentence_of(error), exit_code)
    if isinstance(error, OSError) and error.strerror is not None:
        return _refused_by_system(error)
    details = _details(error)
    where = f"see {details}" if details else "the traceback could not be written"
    sentence = str(error).splitlines()[0] if str(error) else "no message"
    return CommandError(f"failed unexpectedly ({type(error).__name__}: {sentence}); {where}")


def out_of_room(error: BaseException) -> bool:
    """Return whether the operating system refused the bytes for lack of space."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """Add the file name to an error of writing to it; the system's own error has none."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def _refused_by_system(error: OSError) -> CommandError:
    """Return the message of the operating system, with the file it is about."""
    name = os.fsdecode(error.filename) if isinstance(error.filename, bytes) else error.filename
    said = f"{name}: {error.strerror}" if name is not None else str(error.strerror)
    if out_of_room(error):
        if name is None:  # errors of named files carry the name
            said += f" for standard output or in {tempfile.gettempdir()}"
        return CommandError(f"{said}; free some space and run it again", BROKEN)
    return CommandError(said, BROKEN if name is None else BAD_INPUT)


def _details(error: Exception) -> str | None:
    """Write the traceback to a file and return its path; None if that fails too."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="emissions-", suffix=".log", delete=False, encoding="utf-8"
        ) as log:
            log.write(masked("".join(traceback.format_exception(error))))
    except OSError:
        return None
    return log.name


def _known() -> Iterator[tuple[tuple[type[Exception], ...], int, Callable[[Exception], str]]]:
    """Yield the exceptions that have a sentence; imported only after a failure."""
    from aiokafka.errors import KafkaError
    from clickhouse_connect.driver.exceptions import Error as ClickHouseError

    from deploy.embedded.broker import BrokerError
    from deploy.embedded.clickhouse import StartError
    from deploy.embedded.extra import NotInstalledError
    from deploy.embedded.kafka_jars import KafkaUnavailable
    from deploy.embedded.kafka_node import KafkaStartError
    from emissions.input.reading_row import InputError
    from emissions.replay.errors import RunError, TopicsInUseError
    from emissions.rule_cases.case import CaseError
    from emissions.supervision.directory import StackError
    from schemas.errors import SchemaRegistryError
    from sinks.migrate import MigrationError
    from streams.access_files import AccessFileError
    from streams.kafka.topics import TopicError
    from streams.registry.errors import RegistryError
    from streams.rules.errors import RuleError
    from streams.settings import SettingsError

    yield (InputError, RegistryError, RuleError, CaseError), BAD_INPUT, str
    yield (SettingsError, TopicsInUseError), BAD_INPUT, str
    yield (NotInstalledError, KafkaUnavailable, StackError, AccessFileError), BAD_INPUT, str
    yield (RunError, BrokerError, StartError, KafkaStartError, TopicError), BROKEN, str
    yield (SchemaRegistryError, MigrationError), BROKEN, str
    yield (KafkaError,), BROKEN, broker_sentence
    yield (ClickHouseError,), BROKEN, clickhouse_sentence


def broker_sentence(error: Exception) -> str:
    """Explain a failure of the Kafka client."""
    where = ", ".join(f"{host}:{port}" for host, port in _ADDRESS.findall(str(error)))
    if where:
        return f"no Kafka broker answers at {where} (set EMISSIONS_BROKER)"
    return f"the Kafka broker failed: {error}"


def clickhouse_sentence(error: Exception) -> str:
    """Shorten an error of ClickHouse to the server's own message."""
    text = str(error)
    said = _SERVER_SAYS.search(text)
    if said:
        first = _PLACE.sub("", said[1].splitlines()[0])
        return f"ClickHouse: {first.split(' Expected one of')[0].rstrip(' .')}"
    place = _REQUEST.search(text)
    where = f" at {place[1]}" if place else ""
    return f"no ClickHouse answers{where} (set EMISSIONS_CLICKHOUSE_URL)"
