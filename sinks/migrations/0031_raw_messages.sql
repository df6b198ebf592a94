-- Every message of readings that was accepted, whole: what a violation rests on can be verified from
-- the store alone, whatever the broker's retention is. Kept for five years: Order 208 of 22.06.2021,
-- points 28 to 30 (operators), and Decree 861, point 14 (the national data bank); the limitation of
-- penalties is three. Counted from the day on which a row was written here, so that a replay of old
-- files keeps its messages too. A longer time is `ALTER TABLE raw_messages MODIFY TTL ...`, a shorter
-- one is against the law.
-- The messages of a violation are one range of the key. They repeat each other in all but their
-- values: in blocks of 256 KiB each finds its like.
CREATE TABLE IF NOT EXISTS raw_messages
(
    source_id LowCardinality(String) COMMENT 'Source',
    measured_at DateTime64(3, 'UTC') COMMENT 'Start of the interval of its reading as sent, UTC' CODEC(Delta, ZSTD(1)),
    period_s UInt32 COMMENT 'Length of the interval, seconds: of the messages of one interval the first is used, others repeat it' CODEC(ZSTD(1)),
    topic LowCardinality(String) COMMENT 'Topic of the message',
    partition Int32 COMMENT 'Partition of the message' CODEC(ZSTD(1)),
    offset Int64 COMMENT 'Offset of the message' CODEC(Delta, T64, ZSTD(1)),
    arrived_at DateTime64(3, 'UTC') COMMENT 'Timestamp of the Kafka record, UTC' CODEC(Delta, ZSTD(1)),
    key Nullable(String) COMMENT 'Key of the message, its bytes' CODEC(ZSTD(1)),
    value Nullable(String) COMMENT 'Value of the message, its bytes with the frame of the schema id' CODEC(ZSTD(3)) SETTINGS (min_compress_block_size = 262144),
    headers Array(Tuple(name String, value Nullable(String))) COMMENT 'Headers of the message, in their order' CODEC(ZSTD(1)),
    stored_on Date DEFAULT today() COMMENT 'Day on which it was written here: it is kept for five years from then' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(measured_at)
ORDER BY (source_id, measured_at, topic, partition, offset)
TTL stored_on + INTERVAL 5 YEAR
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 1024, ttl_only_drop_parts = 1
COMMENT 'Messages of accepted readings as they came, for five years; read raw_messages_current';

-- The sinks worker refuses what a message is refused for by itself; what the judging refused beside
-- other readings, such as a conflicting duplicate, is among its dead letters.
CREATE OR REPLACE VIEW raw_messages_current AS
SELECT
    source_id,
    measured_at,
    period_s,
    topic,
    partition,
    offset,
    arrived_at,
    key,
    value,
    headers
FROM raw_messages FINAL
WHERE offset NOT IN (SELECT offset FROM dead_letters WHERE stage != 'sink')
    OR (topic, partition, offset) NOT IN (
        SELECT topic, partition, offset FROM dead_letters WHERE stage != 'sink'
    )
SETTINGS do_not_merge_across_partitions_select_final = 1, optimize_move_to_prewhere_if_final = 1
COMMENT 'Messages of accepted readings as they came, once; those that repeat one are among them';

ALTER TABLE raw_messages_current
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `measured_at` 'Start of the interval of its reading as sent, UTC',
    COMMENT COLUMN `period_s` 'Length of the interval, seconds: of the messages of one interval the first is used, others repeat it',
    COMMENT COLUMN `topic` 'Topic of the message',
    COMMENT COLUMN `partition` 'Partition of the message',
    COMMENT COLUMN `offset` 'Offset of the message',
    COMMENT COLUMN `arrived_at` 'Timestamp of the Kafka record, UTC',
    COMMENT COLUMN `key` 'Key of the message, its bytes',
    COMMENT COLUMN `value` 'Value of the message, its bytes with the frame of the schema id',
    COMMENT COLUMN `headers` 'Headers of the message, in their order';
