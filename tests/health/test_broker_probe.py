"""What is asked of a broker, beside the worker."""

from __future__ import annotations

from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from deploy.embedded.kafka import KafkaCluster
from streams.health.broker_probe import BrokerProbe
from streams.health.open_transactions import LONG_S, OpenTransactions
from streams.health.progress import ProgressMonitor
from streams.health.replicas import replica_problem
from streams.health.report import WorkerSnapshot, livez, observation, readyz
from tests.support.broker import TestBroker, eventually, unique
from tests.support.streams_process import own_settings


class Away:
    """A question that nobody answers."""

    async def __call__(self) -> str | None:
        return "it is away"

    async def close(self) -> None:
        return None


async def test_ends_are_told_and_what_is_away_is_a_sentence(any_broker: TestBroker) -> None:
    topic = unique("watched")
    await any_broker.create(topic, partitions=2)
    await any_broker.produce(topic, [b"x"] * 3, partition=1)
    settings = own_settings(any_broker.address)
    watch = BrokerProbe(settings, unique("group"), [topic, "nowhere"], {"part": Away()}, {})
    told = await watch.ask({(topic, 0): None, (topic, 1): 0}, {(topic, 1)})
    assert (await watch.ask({(topic, 1): 2}, set())).ends[topic, 1] == (0, 3)
    assert (await watch.ask({(topic, 1): 3}, set())).ends[topic, 1] == (0, 3)
    await watch.close()
    assert told.broker is None
    assert told.ends == {(topic, 0): (0, 0), (topic, 1): (0, 3)}
    assert told.dependencies == {"part": "it is away", "replicas": None}


async def test_markers_of_transactions_are_nothing_to_do(kafka: TestBroker) -> None:
    topic = unique("transactions")
    await kafka.create(topic)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address, transactional_id=topic)
    await producer.start()
    async with producer.transaction():
        await producer.send(topic, b"x", partition=0)
    await producer.stop()
    watch = BrokerProbe(own_settings(kafka.address), unique("group"), [topic], {}, {})
    assert (await watch.ask({(topic, 0): 1}, set())).ends == {(topic, 0): (0, 2)}
    assert (await watch.ask({(topic, 0): 1}, {(topic, 0)})).ends == {(topic, 0): (2, 2)}
    assert (await watch.ask({(topic, 0): 0}, {(topic, 0)})).ends == {(topic, 0): (0, 2)}
    await watch.close()


async def test_a_transaction_that_is_open_for_long_is_told_and_is_no_lag(
    kafka: TestBroker,
) -> None:
    topic, now = unique("open"), [0.0]
    await kafka.create(topic)
    await kafka.produce(topic, [b"x"] * 3)
    settings = own_settings(kafka.address, topic_readings=topic)
    watch = BrokerProbe(settings, settings.group_streams, [topic], {}, {})
    watch._transactions = OpenTransactions(lambda: now[0])
    place = (topic, 0)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address, transactional_id=topic)
    await producer.start()
    try:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"held", partition=0)
        await kafka.produce(topic, [b"behind"] * 4)
        found = await watch.ask({place: 3}, set())
        assert (found.broker, found.ends[place], dict(found.blocked)) == (None, (0, 3), {})
        now[0] = LONG_S
        found = await watch.ask({place: 3}, set())
        assert found.ends[place] == (0, 3)
        assert found.blocked[place] == (
            "an open transaction holds back 5 records from offset 3 on, for 30 s: its producer "
            "must commit or abort it"
        )
        look = WorkerSnapshot({place: 3}, {})
        page = readyz(ProgressMonitor(60), look, found)
        assert page.status == 503
        assert "open transaction" in page.body["conditions"]["partitions"]
        monitor = ProgressMonitor(2)
        monitor.observe(observation(0.0, look, found))
        monitor.observe(observation(14.0, WorkerSnapshot({place: 3}, {}, loop_iterations=1), found))
        assert livez(monitor, look, found, 1).status == 200
        await producer.abort_transaction()
        found = await watch.ask({place: 3}, set())
        assert (found.ends[place], dict(found.blocked)) == ((0, 9), {})
    finally:
        await producer.stop()
        await watch.close()


async def test_lag_that_no_member_has_is_counted(kafka: TestBroker) -> None:
    topic, group = unique("owned"), unique("owners")
    await kafka.create(topic, partitions=3)
    for partition in (0, 1):
        await kafka.produce(topic, [b"x"] * 5, partition=partition)
    watch = BrokerProbe(own_settings(kafka.address), group, [topic], {}, {})

    async def left(count: int) -> bool:
        return (await watch.ask({}, set())).unowned == count

    await eventually(lambda: left(2), "the group is known to have no members")
    member = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka.address, group_id=group, enable_auto_commit=False
    )
    await member.start()
    await eventually(lambda: len(member.assignment()) == 3, "the member has its partitions")
    assert await left(0)
    await member.commit({TopicPartition(topic, 0): OffsetAndMetadata(5, "")})
    await member.stop()

    await eventually(lambda: left(1), "the partition with lag has no owner any more")
    await watch.close()


async def test_every_broker_tells_lag_without_owner_and_none_is_made_up(
    any_broker: TestBroker,
) -> None:
    """The embedded broker answers no question without partitions, and tells no assignments."""
    topic, group = unique("told"), unique("tellers")
    await any_broker.create(topic, partitions=3)
    for partition in (0, 1):
        await any_broker.produce(topic, [b"x"] * 5, partition=partition)
    watch = BrokerProbe(own_settings(any_broker.address), group, [topic], {}, {})
    found = await watch.ask({}, set())
    assert (found.broker, found.unowned) == (None, 2)
    member = AIOKafkaConsumer(
        topic, bootstrap_servers=any_broker.address, group_id=group, enable_auto_commit=False
    )
    await member.start()
    try:
        await eventually(lambda: len(member.assignment()) == 3, "the member has its partitions")
        assert (await watch.ask({}, set())).unowned == 0
    finally:
        await member.stop()
        await watch.close()


async def test_a_broker_that_is_away_is_a_sentence_and_met_again(
    kafka_cluster: Callable[..., KafkaCluster],
) -> None:
    cluster = kafka_cluster()
    broker = TestBroker(cluster.address, cluster.node(1).pid)
    topic = unique("met")
    await broker.create(topic)
    watch = BrokerProbe(own_settings(cluster.address), unique("group"), [topic], {}, {topic: 1})
    assert (await watch.ask({(topic, 0): None}, set())).broker is None
    cluster.node(1).kill()
    assert "does not answer" in str((await watch.ask({(topic, 0): None}, set())).broker)
    cluster.node(1).start()

    async def met() -> bool:
        return (await watch.ask({(topic, 0): None}, set())).broker is None

    await eventually(met, "the broker is met again")
    await watch.close()


def test_too_few_replicas_are_named() -> None:
    def described(leader: int, isr: list[int]) -> list[dict[str, object]]:
        partition = {"partition": 3, "leader": leader, "isr": isr, "replicas": [1, 2, 3]}
        return [{"topic": "means", "partitions": [partition]}]

    assert replica_problem(described(1, [1, 2]), [], {"means": 2}) is None
    assert replica_problem(described(1, [1]), ["means"], {}) is None
    assert replica_problem(described(1, [1]), [], {"other": 2}) is None
    said = replica_problem(described(1, [1]), [], {"means": 2})
    assert said == "means[3] is in sync on 1 brokers, and 2 must be"
    assert "no leader" in str(replica_problem(described(-1, []), ["means"], {}))
