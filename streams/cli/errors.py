"""How a command ends badly: one sentence on standard error and the exit code it deserves."""

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

_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")
_ADDRESS = re.compile(r"\('([^']+)', (\d+)")
_SERVER_SAYS = re.compile(r"DB::Exception: (.+)", re.DOTALL)
_PLACE = re.compile(r"\s*\(for url [^)]*\)$")
_REQUEST = re.compile(r"\((https?://[^)\s]+)\)$")


class CommandError(click.ClickException):
    """A sentence for the user and an exit code: 2 bad input or usage, 1 everything else."""

    def __init__(self, sentence: str, exit_code: int = BROKEN) -> None:
        super().__init__(masked(sentence))
        self.exit_code = exit_code

    def show(self, file: IO[Any] | None = None) -> None:
        """The sentence alone, on standard error."""
        click.echo(f"emissions: {self.message}", file=file, err=True)


def masked(text: str) -> str:
    """The text with the credentials of every URL in it hidden."""
    return _CREDENTIALS.sub("***@", text)


def usage_sentence(error: click.UsageError) -> CommandError:
    """A mistake in the call itself: what is wrong, and where to read how it is done."""
    said = " ".join(error.format_message().split()).rstrip(".")
    where = error.ctx.command_path if error.ctx is not None else "emissions"
    return CommandError(f"{said} (see `{where} --help`)", BAD_INPUT)


def explained(error: Exception) -> click.ClickException:
    """The error that the user is shown for an exception of the program."""
    for kinds, exit_code, sentence_of in _known():
        if isinstance(error, kinds):
            return CommandError(sentence_of(error), exit_code)
    if isinstance(error, OSError) and error.strerror is not None:
        return _refused_by_system(error)
    details = _details(error)
    where = f"the details are in {details}" if details else "the details could not be written"
    sentence = str(error).splitlines()[0] if str(error) else "no further words"
    return CommandError(f"failed unexpectedly ({type(error).__name__}: {sentence}); {where}")


def out_of_room(error: BaseException) -> bool:
    """Whether the operating system takes no more bytes."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """Name the file in an error of writing to it: the system's own error does not."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def _refused_by_system(error: OSError) -> CommandError:
    """What the operating system says, about which file."""
    name = os.fsdecode(error.filename) if isinstance(error.filename, bytes) else error.filename
    said = f"{name}: {error.strerror}" if name is not None else str(error.strerror)
    if out_of_room(error):
        if name is None:  # whoever wrote to a file of a name has named it
            said += f" for standard output or in {tempfile.gettempdir()}"
        return CommandError(f"{said}; make room and run it again", BROKEN)
    return CommandError(said, BROKEN if name is None else BAD_INPUT)


def _details(error: Exception) -> str | None:
    """Where the whole story was written; None if there is no room for it."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="emissions-", suffix=".log", delete=False, encoding="utf-8"
        ) as log:
            log.write(masked("".join(traceback.format_exception(error))))
    except OSError:
        return None
    return log.name


def _known() -> Iterator[tuple[tuple[type[Exception], ...], int, Callable[[Exception], str]]]:
    """Exceptions with a sentence for the user; imported only when something failed."""
    from aiokafka.errors import KafkaError
    from clickhouse_connect.driver.exceptions import Error as ClickHouseError

    from deploy.embedded.broker import BrokerError
    from deploy.embedded.clickhouse import StartError
    from deploy.embedded.extra import NotInstalledError
    from schemas.errors import SchemaRegistryError
    from sinks.migrate import MigrationError
    from streams.input.reading_row import InputError
    from streams.registry.errors import RegistryError
    from streams.replay.failures import OccupiedError, RunError
    from streams.rule_files import RuleError
    from streams.settings import SettingsError
    from streams.topics import TopicError

    yield (InputError, RegistryError, RuleError, SettingsError, OccupiedError), BAD_INPUT, str
    yield (NotInstalledError,), BAD_INPUT, str
    yield (RunError, BrokerError, StartError, TopicError), BROKEN, str
    yield (SchemaRegistryError, MigrationError), BROKEN, str
    yield (KafkaError,), BROKEN, broker_sentence
    yield (ClickHouseError,), BROKEN, clickhouse_sentence


def broker_sentence(error: Exception) -> str:
    """What a failure of aiokafka means to the user."""
    where = ", ".join(f"{host}:{port}" for host, port in _ADDRESS.findall(str(error)))
    if where:
        return f"no Kafka broker answers at {where} (EMISSIONS_BROKER names another)"
    return f"the Kafka broker failed: {error}"


def clickhouse_sentence(error: Exception) -> str:
    """What ClickHouse says, without the driver's and the server's trimmings."""
    text = str(error)
    said = _SERVER_SAYS.search(text)
    if said:
        first = _PLACE.sub("", said[1].splitlines()[0])
        return f"ClickHouse: {first.split(' Expected one of')[0].rstrip(' .')}"
    place = _REQUEST.search(text)
    where = f" at {place[1]}" if place else ""
    return f"no ClickHouse answers{where} (EMISSIONS_CLICKHOUSE_URL names another)"
