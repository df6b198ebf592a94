"""Logs of the workers: JSON lines in production, colours for people; no payloads, no floods."""

from __future__ import annotations

import logging
import re
import sys
import time
from typing import Any

import structlog

from streams.settings import Settings

_AWAY = re.compile(
    r"connect|NotReady|NotAvailable|NoBrokers|not ready|no leader|coordinator|timeout|timed out",
    re.IGNORECASE,
)
"""What the Kafka client says, in many ways and from many places, when the broker is away."""

_CHATTER = (
    # Faust says that it may not create topics, which is what we told it.
    ("faust.transport.drivers.aiokafka", "Topic creation disabled"),
    # A broker without an idempotent producer: `streams.outbox` says it in a sentence.
    ("aiokafka.producer.sender", "Unexpected error during InitProducerIdRequest"),
)
"""What libraries say that nobody has to act on."""


class OncePeriod(logging.Filter):
    """Lets a line of a library through once in a period: an outage is said, not repeated.

    The many lines about a broker that is away become one sentence that names it.
    """

    def __init__(self, period_s: float, broker: str) -> None:
        super().__init__()
        self._period_s = period_s
        self._broker = broker
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """True when the line is to be written."""
        if any(record.name == of and str(record.msg).startswith(it) for of, it in _CHATTER):
            return False
        if record.levelno < logging.WARNING:
            return True
        now, line = time.monotonic(), (record.name, str(record.msg)[:200])
        if record.name.startswith("aiokafka") and _AWAY.search(record.getMessage()):
            said = " ".join(record.getMessage().split())[:200]
            record.msg = f"broker {self._broker} does not answer, waiting ({said})"
            record.args = ()
            line = ("aiokafka", "away")
        if now - self._said.get(line, float("-inf")) < self._period_s:
            return False
        if len(self._said) > 1000:
            self._said.clear()
        self._said[line] = now
        return True


def configure(settings: Settings) -> None:
    """Set up structlog and the libraries' logging for this process, on standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    people = settings.log_format == "console" or (
        settings.log_format == "auto" and sys.stderr.isatty()
    )
    if people:
        last: list[Any] = [structlog.dev.ConsoleRenderer()]
    else:
        last = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    level = logging.getLevelNamesMapping()[settings.log_level]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    handler.addFilter(OncePeriod(settings.say_s, settings.broker))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING) if level > logging.DEBUG else level)
