-- The readings in a fifth of the space. What a message says once (its arrival, its place) is
-- repeated for every channel: sorted by day before parameter, the repetitions lie near each other
-- and compress to nothing; blocks of 256 KiB hold two days of them, and are not much to unpack for
-- one parameter of one day. A condition on interval_start says nothing of toDate(interval_start) to
-- the primary key, which has both: time_of_granule passes over the other days. A value is stored as the whole number of its decimal places
-- (sinks/digits.py), the offset in the version alone. The name is given back by 0013: a sinks
-- worker of the version before stops here with UNKNOWN_TABLE instead of writing to what is copied.
CREATE TABLE IF NOT EXISTS readings_by_day
(
    source_id LowCardinality(String) COMMENT 'Source',
    parameter LowCardinality(String) COMMENT 'What the channel measures, such as SO2',
    interval_start DateTime64(3, 'UTC') COMMENT 'floor(measured_at / period) * period: which interval of the source this is' CODEC(Delta, ZSTD(1)),
    measured_at DateTime64(3, 'UTC') COMMENT 'Start of the interval as sent' CODEC(Delta, ZSTD(1)),
    period_s UInt32 COMMENT 'Length of the interval, seconds' CODEC(ZSTD(1)),
    digits Int64 COMMENT 'The value times 10 to the power of scale; its bits where scale is 255' CODEC(T64('bit'), ZSTD(1)),
    scale UInt8 COMMENT 'Decimal places of digits; 255: digits are the bits of the value' CODEC(ZSTD(1)),
    flag LowCardinality(String) COMMENT 'Abnormal flag of the channel (F M S D C T B); empty: normal',
    quality LowCardinality(String) COMMENT 'Quality code; empty: valid',
    state LowCardinality(String) COMMENT 'Operating state of the source',
    device_serial LowCardinality(String) COMMENT 'Serial number of the device; empty: not sent',
    arrived_at DateTime64(3, 'UTC') COMMENT 'Timestamp of the Kafka record' CODEC(Delta, ZSTD(1)) SETTINGS (min_compress_block_size = 262144),
    topic LowCardinality(String) COMMENT 'Topic of the message',
    partition Int32 COMMENT 'Partition of the message' CODEC(ZSTD(1)),
    version UInt64 COMMENT 'Greatest Int64 less the offset: the lower offset wins' CODEC(Delta, T64, ZSTD(1)) SETTINGS (min_compress_block_size = 262144),
    value Float64 ALIAS if(scale = 255, reinterpretAsFloat64(digits), digits / intExp10(scale)) COMMENT 'Value as measured, in the unit of the channel',
    offset Int64 ALIAS toInt64(9223372036854775807 - version) COMMENT 'Offset of the message',
    INDEX time_of_granule interval_start TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(interval_start)
ORDER BY (source_id, toDate(interval_start), parameter, interval_start)
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 1024
COMMENT 'Accepted readings, a row a channel; read readings_current';

RENAME TABLE IF EXISTS readings TO readings_by_parameter;

INSERT INTO readings_by_day
    (source_id, parameter, interval_start, measured_at, period_s, digits, scale, flag, quality, state, device_serial, arrived_at, topic, partition, version)
WITH
    abs(value) < 1e15 AND NOT (value = 0 AND reinterpretAsUInt64(value) != 0) AS ordinary,
    if(ordinary, value, 0) AS v,
    arrayFirstIndex(
        k -> abs(v * intExp10(k)) <= 9007199254740992 AND toInt64(round(v * intExp10(k))) / intExp10(k) = v,
        range(0, 10)
    ) AS place,
    if(ordinary AND place > 0, toUInt8(place - 1), 255) AS scale
SELECT
    source_id,
    parameter,
    interval_start,
    measured_at,
    period_s,
    if(scale = 255, reinterpretAsInt64(value), toInt64(round(v * intExp10(if(scale = 255, 0, scale))))) AS digits,
    scale,
    flag,
    quality,
    state,
    device_serial,
    arrived_at,
    topic,
    partition,
    version
FROM readings_by_parameter
SETTINGS max_partitions_per_insert_block = 0, insert_deduplicate = 0;
