-- A row a channel of a reading. Of two messages for one interval the lower offset stands.
CREATE TABLE IF NOT EXISTS readings
(
    source_id LowCardinality(String) COMMENT 'Source',
    parameter LowCardinality(String) COMMENT 'What the channel measures, such as SO2',
    interval_start DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'floor(measured_at / period) * period: which interval of the source this is',
    measured_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Start of the interval as sent',
    period_s UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Length of the interval, seconds',
    value Float64 CODEC(Gorilla, ZSTD(1)) COMMENT 'Value as measured, in the unit of the channel',
    flag LowCardinality(String) COMMENT 'Abnormal flag of the channel (F M S D C T B); empty: normal',
    quality LowCardinality(String) COMMENT 'Quality code; empty: valid',
    state LowCardinality(String) COMMENT 'Operating state of the source',
    device_serial LowCardinality(String) COMMENT 'Serial number of the device; empty: not sent',
    arrived_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Timestamp of the Kafka record',
    topic LowCardinality(String) COMMENT 'Topic of the message',
    partition Int32 CODEC(T64, ZSTD(1)) COMMENT 'Partition of the message',
    offset Int64 CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Offset of the message',
    version UInt64 CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Greatest Int64 less the offset: the lower offset wins'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(interval_start)
ORDER BY (source_id, parameter, interval_start)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Accepted readings, a row a channel; read readings_current';
