"""Asks each broker for the room on its disks: DescribeLogDirs, which aiokafka does not send.

Version 4 of the request (Apache Kafka 3.3, KIP-827) is the first that tells bytes of a disk. It
names no topic, so that nothing but the directories is answered.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from aiokafka.errors import ClusterAuthorizationFailedError, IncompatibleBrokerVersion, KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

from streams.kafka.client import admin_client
from streams.kafka.retry import retry_on_node_loss
from streams.settings import Settings

_UNKNOWN: Final = -1


class _Answer(Response):  # type: ignore[misc]
    API_KEY = 35
    API_VERSION = 4
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        (
            "results",
            CompactArray(
                ("error_code", Int16),
                ("log_dir", CompactString("utf-8")),
                (
                    "topics",
                    CompactArray(
                        ("name", CompactString("utf-8")),
                        (
                            "partitions",
                            CompactArray(
                                ("partition_index", Int32),
                                ("partition_size", Int64),
                                ("offset_lag", Int64),
                                ("is_future_key", Boolean),
                                ("tags", TaggedFields),
                            ),
                        ),
                        ("tags", TaggedFields),
                    ),
                ),
                ("total_bytes", Int64),
                ("usable_bytes", Int64),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _Question(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 35
    API_VERSION = 4
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic", CompactString("utf-8")),
                ("partitions", CompactArray(Int32)),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeLogDirs(Request[_Question]):  # type: ignore[misc]
    API_KEY = 35

    def build(self, request_struct_class: type[_Question]) -> _Question:
        return request_struct_class([], {})


class LogDir(NamedTuple):
    """A directory of a broker; total and free bytes of its disk, None where it tells none.

    ``error`` is Kafka's code, 0: the directory is in order.
    """

    broker: str
    path: str
    total: int | None
    free: int | None
    error: int = 0


class BrokerDisks(NamedTuple):
    """The directories of all brokers; those of brokers that were not seen: why, by broker."""

    found: list[LogDir]
    untold: list[str]
    """Brokers that do not know the question: older than Apache Kafka 3.3, or another program."""
    failed: dict[str, str]


async def log_dirs(settings: Settings) -> BrokerDisks:
    """Ask every broker of the cluster for its directories; raise ``KafkaError``.

    ``ClusterAuthorizationFailedError`` where this user may not DESCRIBE the cluster.
    """
    told = BrokerDisks([], [], {})
    admin = admin_client(settings)
    try:
        await admin.start()
        for node in (await retry_on_node_loss(admin.describe_cluster))["brokers"]:
            broker = f"broker {node['node_id']}, {node['host']}:{node['port']}"
            try:
                answer = await admin._send_request(_DescribeLogDirs(), node["node_id"])
            except (IncompatibleBrokerVersion, NotImplementedError):
                told.untold.append(broker)
                continue
            except KafkaError as error:
                told.failed[broker] = str(error)
                continue
            fields = answer.to_object()
            if fields["error_code"] == ClusterAuthorizationFailedError.errno:
                raise ClusterAuthorizationFailedError
            if fields["error_code"]:
                told.failed[broker] = f"error {fields['error_code']} of Kafka"
            told.found.extend(
                LogDir(
                    broker,
                    each["log_dir"],
                    _known(each["total_bytes"]),
                    _known(each["usable_bytes"]),
                    each["error_code"],
                )
                for each in fields["results"] or ()
            )
    finally:
        await admin.close()
    return told


def _known(count: int) -> int | None:
    return None if count == _UNKNOWN else count
