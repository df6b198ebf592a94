"""The catalogue of log events: every line that this program logs has one of these names.

Names, levels and fields are stable, so that alerts can rest on them. A line is written as
``log.warning("commit_failed", error=...)``; a test holds every such call of every package to this
table, and docs/reference/log-events.md is written from it. Lines of libraries have a ``logger``
field and are not listed, but for `broker_unavailable`, which stands for many of them. A table of
all of them is long; it is one, so that a name is found and never given twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

Level = Literal["debug", "info", "warning", "error"]

Operation = Literal[
    "connect",
    "find_topics",
    "check_topics",
    "register_schemas",
    "resolve_schemas",
    "read_registry",
    "read_notices",
    "read_measures",
    "restore_state",
    "replay_readings",
    "produce",
    "find_partitions",
    "read_holds",
    "write_hold",
    "commit_sealed",
    "commit_delivered",
    "stamp_checkpoint",
]
"""What is retried until it succeeds: field ``operation`` of ``retrying`` and ``recovered``."""

OPERATIONS: Final[Mapping[Operation, str]] = {
    "connect": "connect to the broker",
    "find_topics": "ask the broker for its topics at the start",
    "check_topics": "wait for topics that are missing or have another number of partitions",
    "register_schemas": "get the schemas' ids from the schema registry at the start",
    "resolve_schemas": "decode messages whose schema id must be asked for",
    "read_registry": "read the registry topic",
    "read_notices": "read the topic of operators' notices",
    "read_measures": "read the topic of officials' measures",
    "restore_state": "read a partition's state from the changelog",
    "replay_readings": "read readings again after a start",
    "produce": "produce records and have them confirmed",
    "find_partitions": "ask for the partitions of an output topic",
    "read_holds": "read the topic of the holds",
    "write_hold": "write to the topic of the holds",
    "stamp_checkpoint": "have a day's checkpoint stamped",
    "commit_sealed": "tell the broker how far the topics are sealed",
    "commit_delivered": "commit the offsets of what was delivered (bridge)",
}
"""Meaning of each operation."""

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class LogEvent(NamedTuple):
    """One event: its level, what it means, its fields with their meaning, and what to do."""

    level: Level
    meaning: str
    fields: Mapping[str, str] = _NOTHING
    remedy: str = ""


_PLACE: Final = {"topic": "topic", "partition": "partition number"}
_RECORD: Final = {**_PLACE, "offset": "offset of the record"}
_RETRY: Final = {"operation": "what is retried", "problem": "what fails, in a sentence"}

EVENTS: Final[Mapping[str, LogEvent]] = {
    # Life of a process
    "worker_starting": LogEvent("info", "The process began."),
    "worker_started": LogEvent(
        "info",
        "The worker consumes.",
        {
            "group": "its consumer group",
            "broker": "the broker (streams)",
            "clickhouse": "ClickHouse's URL (sinks)",
            "log": "directory of the transparency log (seal)",
        },
    ),
    "worker_stopping": LogEvent(
        "info", "The worker was told to stop, or failed.", {"exit_code": "its exit code"}
    ),
    "worker_stopped": LogEvent("info", "The worker stopped in order.", {"exit_code": "as above"}),
    "worker_needs_operator": LogEvent(
        "error",
        "The worker ends, because only a person can resolve the problem.",
        {"problem": "what is wrong and what to do, in a sentence"},
        "Do what the sentence says, then start the worker again.",
    ),
    "worker_crashed": LogEvent(
        "error",
        "The worker ends by an unexpected error, with its traceback.",
        remedy="A restart resumes at the last commit. If it repeats, report the traceback.",
    ),
    "worker_stopped_without_broker": LogEvent(
        "warning",
        "The worker stopped while the broker was unreachable.",
        remedy="Nothing: unacknowledged batches are processed again.",
    ),
    "stop_timed_out": LogEvent(
        "warning",
        "The worker did not stop in time and exits all the same.",
        {"stop_s": "the time it had, seconds"},
        "Nothing: unfinished batches are processed again.",
    ),
    # The portal
    "portal_provider_gone": LogEvent(
        "warning",
        "The provider of sign-ins does not answer, or not as OpenID Connect says.",
        {"error": "why"},
        "Open its address, EMISSIONS_PORTAL_OIDC_ISSUER; look at certificates and names.",
    ),
    "portal_sign_in_refused": LogEvent(
        "warning",
        "Somebody came back from the provider of sign-ins and was not let in.",
        {"error": "why: the code, the ID token or the claim with the role"},
        "Nothing, unless many are: compare clocks, client and claim (docs/operations/portal.md).",
    ),
    "portal_login_refused": LogEvent(
        "error",
        "At its start ClickHouse refused the user by whom the portal reads for those who sign in.",
        {"error": "which settings to correct"},
        "Correct EMISSIONS_PORTAL_PRIVATE_USER and its password, and start the portal again.",
    ),
    "portal_question_failed": LogEvent(
        "warning",
        "ClickHouse refused a question of the portal or does not answer; the visitor was told so.",
        {"error": "what ClickHouse or the connection says"},
        "Look at ClickHouse, and at the rights and the quota of the portal's user.",
    ),
    "portal_request_failed": LogEvent(
        "error",
        "A page could not be made by an unexpected error, with its traceback.",
        {"path": "its address"},
        "Report the traceback.",
    ),
    # Retries
    "retrying": LogEvent(
        "warning",
        "An operation fails and is retried without end; logged once per interval.",
        {**_RETRY, "error": "the last error"},
        "Look at the broker, or at the schema registry for the operations on schemas.",
    ),
    "recovered": LogEvent("info", "An operation that was retried succeeded.", _RETRY),
    "broker_unavailable": LogEvent(
        "warning",
        "The Kafka client cannot reach the broker; stands for many lines of the library.",
        {"broker": "its addresses", "error": "what the client says"},
        "Start the broker; the worker goes on by itself.",
    ),
    # Batches
    "batches_processed": LogEvent(
        "info",
        "What was processed since the last such line; logged once per interval.",
        {
            "seconds": "length of the time",
            "records": "records of finished batches",
            "used": "readings accepted",
            "duplicates": "readings accepted before",
            "ticks": "ticks",
            "dead_letters": "messages refused",
            "means": "window means published",
            "gaps": "gaps published",
            "violations": "violations published",
        },
    ),
    "annual_limit_near": LogEvent(
        "info",
        "The mass that a source has emitted in a year has reached a share of its limit in t/a.",
        {
            "source": "its id",
            "parameter": "what is emitted",
            "share": "of the limit that was reached",
            "detail": "how much, and when, in a sentence",
        },
        "Nothing; it is a finding too (table findings, kinds YEAR-80 and YEAR-90).",
    ),
    "batch_failed": LogEvent(
        "error",
        "A batch cannot be processed, with the traceback; the worker ends.",
        {"batch": "topic, partition and offsets"},
        "A restart processes it again. If it repeats, report the traceback.",
    ),
    "batch_revoked": LogEvent(
        "info",
        "A partition was revoked before its batch was done; its next owner processes it.",
        {"batch": "topic, partition and offsets"},
    ),
    "readings_read_again": LogEvent(
        "info",
        "Readings are read from the log again, because a notice says something else of them.",
        {"partition": "partition of the readings", "start": "first offset", "end": "offset after"},
    ),
    "marked_readings_lost": LogEvent(
        "warning",
        "Readings that a mark is about are not in the topic any more: the mark counts for the "
        "whole of their ten-minute slots.",
        {"partition": "of the readings", "start": "first offset", "end": "offset after the last"},
        "Keep readings longer (retention.ms): for the deadline of marks and the time of an outage.",
    ),
    "replay_started": LogEvent(
        "info",
        "Readings after the last checkpoint are processed again.",
        {"partition": "of the readings", "start": "first offset", "end": "offset after the last"},
    ),
    "cancelled_task_failed": LogEvent(
        "info", "A partition's task failed after it was cancelled.", {"error": "the error"}
    ),
    # State
    "state_discarded": LogEvent(
        "info",
        "A checkpoint of this worker came after another's claim; the state is read anew.",
        {"partition": "whose state"},
    ),
    "state_restored": LogEvent(
        "info",
        "The state of partitions was read from the changelog.",
        {"partitions": "which", "keys": "keys of the state", "seconds": "how long it took"},
    ),
    "state_directory_in_memory": LogEvent(
        "warning",
        "The state's files lie in memory: the system's temporary directory is no disk.",
        {
            "file_system": "its type",
            "directory": "the directory",
            "setting": "the variable that names another",
        },
        "Set EMISSIONS_STATE_DIRECTORY to a directory on a disk.",
    ),
    # Consumer group
    "drain_timed_out": LogEvent(
        "warning",
        "Partitions are revoked before their batches are done.",
        remedy="Nothing: the next owner processes them again.",
    ),
    "state_save_timed_out": LogEvent(
        "warning",
        "Partitions are revoked before all of their state is saved.",
        remedy="Nothing: the next owner replays more readings.",
    ),
    "final_commit_timed_out": LogEvent(
        "warning",
        "Partitions are revoked before their offsets are committed.",
        remedy="Nothing: the next owner processes them again.",
    ),
    "commit_failed": LogEvent(
        "warning",
        "Offsets were not committed; the next commit repeats them.",
        {"error": "why"},
        "Look at the broker if it goes on.",
    ),
    "tick_leadership_lost": LogEvent("info", "Another worker publishes the ticks now."),
    # Transparency log
    "checkpoint_published": LogEvent(
        "info",
        "A checkpoint of the transparency log was signed.",
        {"size": "leaves of the log", "root": "root of its tree, hex"},
    ),
    "log_verification_failed": LogEvent(
        "error",
        "The transparency log on disk is not what was signed.",
        {"problem": "which checkpoint, and how it differs"},
        "Stop the worker, keep the directory as it is, `emissions log check`; see "
        "docs/operations/runbooks/service-levels.md.",
    ),
    "record_not_sealed": LogEvent(
        "warning",
        "A record of a sealed topic is none that a worker or a loader writes: it is no leaf. "
        "Logged for one of them in each interval.",
        {"problem": "what is wrong", **_RECORD, "count": "how many there were since the start"},
        "Find out who wrote it; who may write to these topics is a matter of access rights.",
    ),
    "checkpoint_stamped": LogEvent(
        "info", "A day's checkpoint got its time stamp.", {"day": "the day (UTC)"}
    ),
    # Producer
    "producer_close_failed": LogEvent(
        "debug", "A producer that is replaced ended with an error.", {"error": "the error"}
    ),
    "idempotence_unsupported": LogEvent(
        "info", "The broker has no idempotent producer; records are produced with acks=all alone."
    ),
    # Registry
    "registration_ignored": LogEvent(
        "warning",
        "A record of the registry topic is no valid registration and does not count.",
        {"problem": "what is wrong", **_RECORD},
        "Correct the registration and load it again.",
    ),
    "notice_ignored": LogEvent(
        "warning",
        "A record of the topic of notices is no valid notice, or its id is taken: it does not "
        "count.",
        {"problem": "what is wrong", **_RECORD},
        "Correct the notice and load it again, under another id.",
    ),
    "measure_ignored": LogEvent(
        "warning",
        "A record of the topic of measures is no valid measure: it does not count.",
        {"problem": "what is wrong", **_RECORD},
        "Correct the measure and load it again.",
    ),
    "source_without_measurements": LogEvent(
        "warning",
        "A registered source has no channel of a known parameter.",
        {"source": "its id", **_RECORD},
        "Correct the registration if the source measures something.",
    ),
    # Holds
    "partition_held": LogEvent(
        "error",
        "A partition waits for a person; logged once per interval.",
        {
            **_RECORD,
            "kind": "dead-letter limit, or clock",
            "problem": "why, in a sentence",
            "command": "the command that lets it go on",
        },
        "Find the cause, then run the command (docs/operations/runbook.md).",
    ),
    "partition_resumed": LogEvent("info", "A partition that was held goes on.", _RECORD),
    "hold_record_unreadable": LogEvent(
        "warning",
        "A record of the topic of the holds cannot be read and does not count.",
        {"offset": "its offset"},
        "Find out who writes to the topic.",
    ),
    # Health
    "no_progress": LogEvent(
        "error",
        "The worker makes no progress; /livez fails.",
        {"reasons": "a sentence each"},
        "Restart the worker (an orchestrator does); then see the runbook.",
    ),
    "progress_resumed": LogEvent("info", "The worker makes progress again."),
    "broker_probe_failed": LogEvent(
        "error",
        "The health check failed by an unexpected error, with its traceback; it is repeated.",
        remedy="Report the traceback.",
    ),
    # Sinks
    "insert_retrying": LogEvent(
        "warning",
        "ClickHouse does not take a batch, which is retried without end; once per interval.",
        {
            "error": "why",
            "table": "the table",
            **_PLACE,
            "first_offset": "first offset of the batch",
            "last_offset": "last offset of the batch",
            "failing_s": "since when, seconds",
        },
        "Look at ClickHouse; the worker goes on by itself.",
    ),
    "insert_recovered": LogEvent(
        "info",
        "ClickHouse takes batches again.",
        {"table": "the table", "failed_s": "how long it did not, seconds"},
    ),
    "cases_not_counted": LogEvent(
        "warning",
        "ClickHouse does not tell how many cases there are; their counts at /metrics stay. Said "
        "once until it does.",
        {"error": "what it answered"},
        "Look at ClickHouse; where it lacks the view `cases_current`: `emissions migrate`.",
    ),
    "message_rejected": LogEvent(
        "error",
        "ClickHouse refuses a message, which is kept in the table dead_letters.",
        {**_RECORD, "table": "the table"},
        "See docs/operations/dead-letters.md.",
    ),
    "messages_undecodable": LogEvent(
        "warning",
        "Messages cannot be decoded and are skipped.",
        {
            "messages": "how many",
            **_PLACE,
            "first_offset": "first offset of the batch",
            "last_offset": "last offset of the batch",
        },
        "Find out who writes them.",
    ),
    "partition_writer_failed": LogEvent(
        "error",
        "A partition cannot be written, with the traceback; the worker ends.",
        {"writer": "topic and partition"},
        "A restart writes it again. If it repeats, report the traceback.",
    ),
    # The bridge
    "bridge_progress": LogEvent(
        "info",
        "What the bridge did since it started; logged once per interval, while something changed.",
        {
            "delivered": "events accepted",
            "retried": "tries that failed and are repeated",
            "dead_letters": "lines written to its file",
            "measures": "measures published from answers",
            "in_work": "records that are not finished",
        },
    ),
    "delivery_retrying": LogEvent(
        "warning",
        "The other side did not take an event; it is sent again.",
        {
            "id": "id of the event: that of the record and its revision",
            "tries": "tries so far",
            "error": "what came back",
            "held": "true: so many were refused in a row that none is given up any more",
        },
        "Look at the other side if it goes on; if held, at the address, the key and its log.",
    ),
    "answers_unavailable": LogEvent(
        "warning",
        "The address of later answers, or what it answers, cannot be used; it is asked again.",
        {"error": "why"},
        "Look at the other side if it goes on.",
    ),
    "answer_refused": LogEvent(
        "error",
        "What the other side tells later of a case cannot be taken.",
        {"case": "id of the case", "reason": "why"},
        "Settle it with the other side; `emissions measures load` brings a measure in by hand.",
    ),
    "delivery_dead_lettered": LogEvent(
        "error",
        "An event, or the answer to it, could not be taken and is in the bridge's file.",
        {
            "stage": "decode, deliver or answer",
            "id": "id of the event; null: the message is none",
            **_RECORD,
            "reason": "why",
        },
        "Settle it with the other side, then `emissions bridge --replay FILE`.",
    ),
}
"""Every event by its name."""
