"""A Faust transport whose unit is the fetched partition batch instead of the single record.

How an application uses it::

    app = faust.App(..., stream_wait_empty=True, broker_commit_interval=0.5)
    install(app, records_in_flight=8000)            # before the first agent or table is declared
    topic = batch_topic(app, "emissions.readings")

    @app.agent(topic, concurrency=1)
    async def readings(stream):
        async for event in stream.noack().events():
            batch: PartitionBatch = event.value     # .records, .first_offset, .next_offset, ...
            ...                                     # write everything down, await confirmations
            if not batch.revoked:
                event.ack()                         # commits up to batch.next_offset

What it guarantees, over and above Faust:

* One event is all records that one fetch returned of one partition, in offset order, at most
  ``broker_max_poll_records`` of them, each an ``aiokafka.ConsumerRecord`` with value (None too),
  key, headers and timestamp (milliseconds) as the broker keeps them.
* What is committed is the end of the longest prefix of acknowledged batches, so a commit never
  jumps over a batch that is still being worked on (Faust's own bookkeeping can).
* Nothing that was fetched or handed over before a rebalance is delivered, or counts, after it:
  such a batch has ``revoked`` set, and acknowledging it does nothing. Look at ``revoked`` after
  every ``await`` that may take long, and give the batch up when it is set. An application that
  queues batches sets ``waiting`` while nobody works on one: a rebalance does not wait for those.
* What was acknowledged is committed when partitions are revoked, before they go.
* At most ``records_in_flight`` records of a partition are handed over and not yet acknowledged,
  plus one fetch; a full partition does not hold up the others.
* A broker that does not answer a commit does not stop the worker: the commit is repeated.

Streams must be ``noack()`` streams: the automatic acknowledgements of the others, which Faust
also gives when the agent's body raises, are not counted. An acknowledgement is a promise that
everything the batch led to is confirmed: commits do not flush any producer. Changelog topics of
tables go through record by record, as Faust expects.
"""

from streams.kafka.ends import end_offsets
from streams.transport.batch import PartitionBatch
from streams.transport.install import BatchTransport, batch_topic, install

__all__ = ["BatchTransport", "PartitionBatch", "batch_topic", "end_offsets", "install"]
