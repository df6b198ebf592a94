CREATE TABLE IF NOT EXISTS dead_letters
(
    reason LowCardinality(String) COMMENT 'Stable code, such as UNDECODABLE or TOO_LATE',
    stage LowCardinality(String) COMMENT 'decode, validate, deduplicate or sink',
    detail String CODEC(ZSTD(1)) COMMENT 'A sentence for a person',
    source_id LowCardinality(String) COMMENT 'Source as the message says; empty: not known',
    topic LowCardinality(String) COMMENT 'Topic of the original',
    partition Int32 COMMENT 'Partition of the original',
    offset Int64 COMMENT 'Offset of the original',
    timestamp DateTime64(3, 'UTC') COMMENT 'Timestamp of the original Kafka record',
    key Nullable(String) CODEC(ZSTD(1)) COMMENT 'Key of the original, its bytes',
    value Nullable(String) CODEC(ZSTD(1)) COMMENT 'Value of the original, its bytes',
    headers Array(Tuple(name String, value String)) CODEC(ZSTD(1)) COMMENT 'Headers of the original',
    version UInt64 COMMENT '1; 0 for what only the sink refused'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (topic, partition, offset)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Messages that could not be used, as they came; read dead_letters_current';
