"""The named points at which a worker may die: which call, and before or after it.

The one place that knows names inside the workers. Production code has nothing of this: the
worker of a round (`tests.crash.crashing_worker`) wraps the method of the one point it is to die at.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import itertools
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from aiokafka import AIOKafkaProducer

from streams.settings import Settings

Call = tuple[Any, ...]
CallFilter = Callable[[Settings, Call, Any], bool]
"""Whether a call counts, by the settings, its arguments (self first) and what it returned."""


def _every(settings: Settings, call: Call, returned: Any) -> bool:
    return True


def _of_state(settings: Settings, call: Call, returned: Any) -> bool:
    """The call is about the topic of the state: the one that has no setting of its own."""
    named = {getattr(settings, name) for name in vars(settings) if name.startswith("topic_")}
    topics = {each for each in call if isinstance(each, str)}
    return bool(topics) and not topics & named


def _of_results(settings: Settings, call: Call, returned: Any) -> bool:
    """The call is about a topic of results."""
    topics = {
        settings.topic_means,
        settings.topic_gaps,
        settings.topic_violations,
        settings.topic_cases,
    }
    return any(isinstance(each, str) and each in topics for each in call)


def _with_cases(settings: Settings, call: Call, returned: Any) -> bool:
    """Among the outputs is a revision of a case."""
    outputs = (each for each in call if isinstance(each, list | tuple))
    return any(
        getattr(each, "topic", None) == settings.topic_cases for some in outputs for each in some
    )


def _not_empty(settings: Settings, call: Call, returned: Any) -> bool:
    return bool(call[1])


def _true(settings: Settings, call: Call, returned: Any) -> bool:
    return bool(returned)


def _of_sources(settings: Settings, call: Call, returned: Any) -> bool:
    """An insert into the first of the two tables that a registration is written to."""
    return any(getattr(each, "name", None) == "registry" for each in call)


@dataclass(frozen=True)
class CrashPoint:
    """A moment in the life of a worker: a pass before or after a call of one method."""

    worker: Literal["streams", "sinks"]
    target: str  # module:Class.method
    when: Literal["before", "after"]
    passes: int  # the passes at which a round may strike are 1 to this
    which: CallFilter = _every
    confirmed: bool = False  # the call returns a future: the moment is when it has come true


_DRIVER: Final = "streams.transport.driver:Consumer"
_COMMIT: Final = "streams.transport.thread:ConsumerThread._commit"

CRASH_POINTS: Final[dict[str, CrashPoint]] = {
    # streams: the four steps of a checkpoint, and what is between them
    "amid-outputs": CrashPoint(
        "streams", "aiokafka:AIOKafkaProducer.send_batch", "after", 60, _of_results, confirmed=True
    ),
    "outputs-confirmed": CrashPoint(
        "streams", "streams.runtime.checkpoint:ConfirmedProducer.produce", "after", 20
    ),
    "case-opening": CrashPoint(
        "streams",
        "streams.runtime.checkpoint:ConfirmedProducer.produce",
        "before",
        2,
        _with_cases,
    ),
    "case-told": CrashPoint(
        "streams", "streams.runtime.checkpoint:ConfirmedProducer.produce", "after", 2, _with_cases
    ),
    "amid-state": CrashPoint(
        "streams", "aiokafka:AIOKafkaProducer.send_batch", "after", 60, _of_state, confirmed=True
    ),
    "state-confirmed": CrashPoint(
        "streams", "streams.runtime.checkpoint:ConfirmedProducer.produce_to", "after", 20, _of_state
    ),
    "replaying": CrashPoint(
        "streams", "streams.changelog.write_behind:WriteBehind.record_replayed", "after", 3
    ),
    "leaving": CrashPoint(
        "streams", "streams.runtime.processor:BatchProcessor.save_all", "before", 2
    ),
    "left": CrashPoint("streams", "streams.runtime.processor:BatchProcessor.save_all", "after", 2),
    "before-acknowledging": CrashPoint("streams", f"{_DRIVER}.ack", "before", 20),
    "acknowledged": CrashPoint("streams", f"{_DRIVER}.ack", "after", 20),
    "before-commit": CrashPoint("streams", _COMMIT, "before", 8, _not_empty),
    "committed": CrashPoint("streams", _COMMIT, "after", 6, _true),
    "restoring-state": CrashPoint(
        "streams", "streams.changelog.replica:ChangelogReplica.apply", "after", 300
    ),
    "revoking": CrashPoint("streams", f"{_DRIVER}.on_partitions_revoked", "before", 2),
    "revoked": CrashPoint("streams", f"{_DRIVER}.on_partitions_revoked", "after", 2),
    "assigning": CrashPoint("streams", f"{_DRIVER}.on_partitions_assigned", "before", 2),
    "assigned": CrashPoint("streams", f"{_DRIVER}.on_partitions_assigned", "after", 2),
    # sinks: an insert, the next one, the acknowledgement
    "inserting": CrashPoint("sinks", "sinks.batch_writer:BatchWriter._send", "before", 30),
    "inserted": CrashPoint("sinks", "sinks.batch_writer:BatchWriter._send", "after", 30),
    "between-tables": CrashPoint(
        "sinks", "sinks.batch_writer:BatchWriter._insert", "after", 2, _of_sources
    ),
    "batch-written": CrashPoint("sinks", "sinks.batch_writer:BatchWriter.write", "after", 30),
    "sink-acknowledged": CrashPoint("sinks", f"{_DRIVER}.ack", "after", 30),
    "sink-before-commit": CrashPoint("sinks", _COMMIT, "before", 8, _not_empty),
    "sink-committed": CrashPoint("sinks", _COMMIT, "after", 6, _true),
    "sink-revoking": CrashPoint("sinks", f"{_DRIVER}.on_partitions_revoked", "before", 2),
    "sink-revoked": CrashPoint("sinks", f"{_DRIVER}.on_partitions_revoked", "after", 2),
    "sink-assigned": CrashPoint("sinks", f"{_DRIVER}.on_partitions_assigned", "after", 2),
}

SMALL_BATCH: Final = 1500
"""Bytes of a record batch where the writing of the state is to be cut: it becomes several."""

SAID: Final = "crash: killed at"


def resolved(name: str) -> Callable[..., Any]:
    """The method of a point; AttributeError or ImportError when there is none any more."""
    owner, method = _place(name)
    found: Callable[..., Any] = getattr(owner, method)
    return found


def _place(name: str) -> tuple[Any, str]:
    module, _, path = CRASH_POINTS[name].target.partition(":")
    class_name, _, method = path.partition(".")
    return getattr(importlib.import_module(module), class_name), method


def arm(name: str, at_pass: int, settings: Settings) -> None:
    """Wrap the method of a point, so that this process kills itself at a pass of it.

    Raises AttributeError or ImportError when production code has no such method any more.
    """
    point = CRASH_POINTS[name]
    owner, method = _place(name)
    original = resolved(name)
    passes = itertools.count(1)

    def passed(call: Call, returned: Any) -> None:
        if point.which(settings, call, returned) and next(passes) == at_pass:
            _die(f"{SAID} {name}, pass {at_pass}\n")

    def around(*call: Any, **named: Any) -> Any:
        if point.when == "before":
            passed((*call, *named.values()), None)
        returned = original(*call, **named)
        if point.when == "after":
            passed((*call, *named.values()), returned)
        return returned

    async def around_async(*call: Any, **named: Any) -> Any:
        if point.when == "before":
            passed((*call, *named.values()), None)
        returned = await original(*call, **named)
        if point.confirmed and point.which(settings, (*call, *named.values()), returned):
            await asyncio.wait({returned})
        if point.when == "after":
            passed((*call, *named.values()), returned)
        return returned

    setattr(owner, method, around_async if inspect.iscoroutinefunction(original) else around)


def cut_batches() -> None:
    """Have this process write small record batches, so that a state is several of them."""
    original = AIOKafkaProducer.__init__

    def small(self: Any, *given: Any, **named: Any) -> None:
        original(self, *given, **{**named, "max_batch_size": SMALL_BATCH})

    AIOKafkaProducer.__init__ = small


def _die(said: str) -> None:
    os.write(2, said.encode())
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()  # another thread may be told first; nothing goes on here
