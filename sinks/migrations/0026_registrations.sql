-- Every registration whole, in the order of its arrival: what a violation rested on can be computed
-- again from the store alone, under the limits and devices of its time. The registry topic is read
-- from its last committed offset, so registrations from before this migration are not here.
CREATE TABLE IF NOT EXISTS registrations
(
    bin LowCardinality(String) COMMENT 'БИН of the enterprise',
    topic LowCardinality(String) COMMENT 'Topic of the registration',
    partition Int32 COMMENT 'Partition of the registration',
    offset Int64 COMMENT 'Offset of the registration',
    arrived_at DateTime64(3, 'UTC') COMMENT 'Timestamp of the Kafka record, UTC: it applies to what arrives from then on',
    value Nullable(String) CODEC(ZSTD(1)) COMMENT 'Its bytes; null: the enterprise was struck off',
    version UInt64 COMMENT 'Its offset'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (bin, topic, partition, offset)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every registration as it came, in the order of offsets';

-- A gap by its id, without reading all of them.
ALTER TABLE gaps ADD INDEX IF NOT EXISTS id_of_granule id TYPE bloom_filter GRANULARITY 1;

ALTER TABLE gaps MATERIALIZE INDEX id_of_granule;
