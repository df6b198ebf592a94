"""Writes rights as commands of Apache Kafka's own tool, ``kafka-acls.sh``."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from emissions.admin.principals import Granted
from streams.kafka.rights import Right

_FLAGS = {"topic": "--topic", "group": "--group"}
_COLUMNS = 78


def commands(grants: Iterable[Granted], broker: str) -> Iterator[str]:
    """Yield a comment for each role and a command for each of its operations, none over 80 columns.

    ``$ACCESS`` in them is the file with which the tool itself logs in.
    """
    yield f"BROKER={shlex.quote(broker)}"
    yield "ACCESS=${ACCESS:-admin.properties}  # how kafka-acls.sh itself logs in"
    for grant in grants:
        yield ""
        yield f"# {grant.role.name}: {grant.role.what}"
        for rights in _together(grant.role.rights):
            yield from _command(grant.principal, rights)


def command(principal: str, right: Right, action: str = "--add") -> str:
    """Return one command on one line: ``action`` is ``--add`` or ``--remove``."""
    return " ".join(
        (
            f'kafka-acls.sh --bootstrap-server "$BROKER" --command-config "$ACCESS" {action}',
            *_words(principal, [right]),
            *(["--force"] if action == "--remove" else []),
        )
    )


def _together(rights: Iterable[Right]) -> Iterable[list[Right]]:
    """Gather the rights that one command gives: those that differ in the name alone."""
    found: dict[tuple[str, str, str], list[Right]] = {}
    for right in rights:
        key = (right.operation, right.resource, right.pattern)
        found.setdefault(key, []).append(right)
    return found.values()


def _command(principal: str, rights: list[Right]) -> Iterator[str]:
    line = 'kafka-acls.sh --bootstrap-server "$BROKER" --command-config "$ACCESS" --add'
    for word in _words(principal, rights):
        if len(line) + 1 + len(word) > _COLUMNS:
            yield f"{line} \\"
            line = f"  {word}"
        else:
            line += f" {word}"
    yield line


def _words(principal: str, rights: list[Right]) -> Iterator[str]:
    yield f"--allow-principal {shlex.quote(principal)}"
    first = rights[0]
    yield f"--operation {first.operation}"
    if first.resource == "cluster":
        yield "--cluster"
        return
    yield f"--resource-pattern-type {first.pattern}"
    for right in rights:
        yield f"{_FLAGS[right.resource]} {shlex.quote(right.name)}"
