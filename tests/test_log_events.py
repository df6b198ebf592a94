"""Every line that the program logs is in the catalogue of events, with its level and its fields."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_args

import pytest

import deploy
import emissions
import schemas
import sinks
import streams
from streams.log_events import EVENTS, OPERATIONS, Operation
from streams.runtime.logs import BROKER_UNAVAILABLE

_LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
_NO_FIELDS = {"exc_info"}


class LoggedLine(NamedTuple):
    """A call of a logger: where it is, its level, event (None: no literal) and fields."""

    where: str
    level: str
    event: str | None
    fields: frozenset[str | None]


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for package in (deploy, emissions, schemas, sinks, streams):
        (root,) = package.__path__
        for path in sorted(Path(root).rglob("*.py")):
            yield path, ast.parse(path.read_text("utf-8"))


def logged_in(path: Path, tree: ast.Module) -> Iterator[LoggedLine]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        if node.func.attr not in _LEVELS or not isinstance(owner, ast.Name) or owner.id != "log":
            continue
        first = node.args[0] if len(node.args) == 1 else None
        event = first.value if isinstance(first, ast.Constant) else None
        fields = frozenset(keyword.arg for keyword in node.keywords) - _NO_FIELDS
        level = "error" if node.func.attr == "exception" else node.func.attr
        yield LoggedLine(
            f"{path.name}:{node.lineno}", level, event if isinstance(event, str) else None, fields
        )


@pytest.fixture(scope="module")
def lines() -> list[LoggedLine]:
    """Every line that is logged: found once, and not while tests are collected."""
    return [line for path, tree in modules() for line in logged_in(path, tree)]


def test_every_logger_is_called_log(lines: list[LoggedLine]) -> None:
    assert len(lines) > 25
    named = [
        f"{path.name}:{node.lineno}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "attr", getattr(node.value.func, "id", "")) == "get_logger"
        and [getattr(target, "id", None) for target in node.targets] != ["log"]
    ]
    assert named == []


def _said_against(line: LoggedLine) -> str | None:
    if line.event is None or line.event not in EVENTS:
        return "not a name of streams/log_events.py"
    event = EVENTS[line.event]
    if line.level != event.level:
        return f"at level {line.level}, not {event.level}"
    if not line.fields <= event.fields.keys():
        return "each field is named in the catalogue, none comes out of a dict"
    return None


def test_each_logged_line_is_a_catalogued_event(lines: list[LoggedLine]) -> None:
    said = {f"{line.where} {line.event}": why for line in lines if (why := _said_against(line))}
    assert said == {}


def test_every_event_is_logged_with_all_of_its_fields(lines: list[LoggedLine]) -> None:
    found: dict[str | None, set[str | None]] = {}
    for line in lines:
        found.setdefault(line.event, set()).update(line.fields)
    written = {name: set(event.fields) for name, event in EVENTS.items()}
    assert {**found, BROKER_UNAVAILABLE: {"broker", "error"}} == written


def test_a_line_that_is_not_catalogued_is_seen() -> None:
    tree = ast.parse(
        'log.warning(f"{what} fails", error=why)\nlog.info("worker_started", x=1, **more)'
    )
    prose, unknown = logged_in(Path("module.py"), tree)
    assert prose == LoggedLine("module.py:1", "warning", None, frozenset({"error"}))
    assert _said_against(prose) == "not a name of streams/log_events.py"
    assert not unknown.fields <= EVENTS["worker_started"].fields.keys()
    assert "each field" in (_said_against(unknown) or "")


def test_warnings_and_errors_say_what_to_do() -> None:
    lacking = [
        name
        for name, event in EVENTS.items()
        if event.level in ("warning", "error") and not event.remedy
    ]
    assert lacking == []


def test_every_operation_has_a_meaning() -> None:
    assert set(get_args(Operation)) == OPERATIONS.keys()
