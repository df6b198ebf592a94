"""Configures the workers' logs: JSON lines in production, colours on a terminal, no floods."""

from __future__ import annotations

import logging
import re
import sys
import time
from typing import Any, Final

import structlog

from streams.settings import Settings

_AWAY = re.compile(
    r"connect|NotReady|NotAvailable|NoBrokers|not ready|no leader|coordinator|timeout|timed out",
    re.IGNORECASE,
)
"""Matches the many lines of the Kafka client about an unreachable broker."""

_IGNORED = (
    # Faust reports that it may not create topics, as configured.
    ("faust.transport.drivers.aiokafka", "Topic creation disabled"),
    # A broker without idempotent producers: `streams.kafka.producer` logs it itself.
    ("aiokafka.producer.sender", "Unexpected error during InitProducerIdRequest"),
)
"""Lines of libraries that nobody has to act on."""


BROKER_UNAVAILABLE: Final = "broker_unavailable"
"""The event (`streams.log_events`) that stands for the client's lines about the broker."""


class RateLimitFilter(logging.Filter):
    """Pass each line of a library once per ``period_s``, so that an outage is no flood.

    The many lines about an unreachable broker become one event, ``broker_unavailable``.
    """

    def __init__(self, period_s: float, broker: str) -> None:
        super().__init__()
        self._period_s = period_s
        self._broker = broker
        self._passed: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is to be written."""
        if any(record.name == of and str(record.msg).startswith(it) for of, it in _IGNORED):
            return False
        if record.levelno < logging.WARNING:
            return True
        now, line = time.monotonic(), (record.name, str(record.msg)[:200])
        if record.name.startswith("aiokafka") and _AWAY.search(record.getMessage()):
            record.error = " ".join(record.getMessage().split())[:200]
            record.broker = self._broker
            record.msg, record.args = BROKER_UNAVAILABLE, ()
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            line = ("aiokafka", "away")
        if now - self._passed.get(line, float("-inf")) < self._period_s:
            return False
        if len(self._passed) > 1000:
            self._passed.clear()
        self._passed[line] = now
        return True


def configure(settings: Settings) -> None:
    """Configure structlog and the libraries' logging of this process, to standard error."""
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
        # Without the values of variables: a password could be among them.
        plain = structlog.dev.plain_traceback
        last: list[Any] = [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
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
        # A logger of a module that kept what it was first used with would not heed a later
        # configuration in this process; to bind it anew takes microseconds, and lines are few.
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                *shared,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(allow=("broker", "error")),
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    handler.addFilter(RateLimitFilter(settings.log_interval_s, settings.broker))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING) if level > logging.DEBUG else level)
