"""For whoever looks into a difference: what a worker does with offsets, line by line, in its log.

Switched on by ``--trace``. Only the transport and the sinks' writer are followed.
"""

from __future__ import annotations

import importlib
import inspect
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

VARIABLE: Final = "CRASH_TRACE"
"""The environment variable that switches it on."""

_CONSUMER: Final = "streams.transport.driver:Consumer"
_IN_FLIGHT: Final = "streams.transport.batch:InFlightBatches"
_FOLLOWED: Final = (
    f"{_CONSUMER}.on_partitions_revoked",
    f"{_CONSUMER}.on_partitions_assigned",
    f"{_CONSUMER}._perform_seek",
    f"{_CONSUMER}._messages",
    f"{_CONSUMER}.resume_flow",
    f"{_IN_FLIGHT}.add",
    f"{_IN_FLIGHT}.remove",
    f"{_IN_FLIGHT}.acknowledge",
    f"{_IN_FLIGHT}.revoke",
    "streams.transport.thread:ConsumerThread._commit",
    "aiokafka.client:AIOKafkaClient._md_synchronizer",
    "aiokafka.client:AIOKafkaClient.coordinator_lookup",
    "sinks.batch_writer:BatchWriter.write",
    "streams.runtime.checkpoint:Checkpoint.complete",
)


def follow() -> None:
    """Wrap what is followed, in this process."""
    for target in _FOLLOWED:
        module, _, path = target.partition(":")
        name, _, method = path.partition(".")
        owner = getattr(importlib.import_module(module), name)
        setattr(owner, method, _told(path, getattr(owner, method)))


def _told(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    async def told_async(*call: Any, **named: Any) -> Any:
        _say(f"{name} begins {_text(call[1:])}")
        try:
            returned = await original(*call, **named)
        except BaseException as error:
            _say(f"{name} fails {_text(call[1:])}: {error!r}")
            raise
        _say(f"{name} ends {_text(call[1:])} -> {_text((returned,))}")
        return returned

    def told(*call: Any, **named: Any) -> Any:
        returned = original(*call, **named)
        _say(f"{name} {_text(call[1:])} -> {_text((returned,))}")
        return returned

    return told_async if inspect.iscoroutinefunction(original) else told


def _text(values: tuple[Any, ...]) -> str:
    return ", ".join(text for value in values if (text := _one(value)))


def _one(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_one(key)}: {_one(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple | set | frozenset) and not hasattr(value, "partition"):
        if value and hasattr(next(iter(value)), "offset"):
            offsets = [each.offset for each in value]
            return f"offsets {offsets[0]}..{offsets[-1]}"
        return f"[{', '.join(_one(each) for each in value)}]" if len(value) < 60 else "[...]"
    if hasattr(value, "first") and hasattr(value, "entries"):
        return f"{value.topic}[{value.partition}] {value.first}..{value.last}"
    if hasattr(value, "topic") and hasattr(value, "partition"):
        return repr(value) if hasattr(value, "records") else f"{value.topic}[{value.partition}]"
    if isinstance(value, int | str | bool) or value is None:
        return str(value)
    return type(value).__name__


def _say(what: str) -> None:
    now = time.time()
    moment = time.strftime("%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03}"
    os.write(2, f"trace {moment} {what}\n".encode())
