-- The root of the tree over the accepted messages of each source and local day, every revision.
CREATE TABLE IF NOT EXISTS roots
(
    source_id LowCardinality(String) COMMENT 'Source',
    bin LowCardinality(String) COMMENT 'БИН of the enterprise',
    day String COMMENT 'Local date',
    start DateTime64(3, 'UTC') COMMENT 'Start of the day, UTC' CODEC(Delta, ZSTD(1)),
    end DateTime64(3, 'UTC') COMMENT 'End of the day, UTC' CODEC(Delta, ZSTD(1)),
    topic LowCardinality(String) COMMENT 'Topic of the messages',
    partition Int32 COMMENT 'Partition of the messages',
    first_offset Int64 COMMENT 'Offset of the first message' CODEC(Delta, ZSTD(1)),
    last_offset Int64 COMMENT 'Offset of the last message' CODEC(Delta, ZSTD(1)),
    count UInt32 COMMENT 'Number of messages, the size of the tree' CODEC(ZSTD(1)),
    root String COMMENT 'Root of the tree, hexadecimal' CODEC(ZSTD(1)),
    revision UInt32 COMMENT 'Counts the changes of this root in the log, from 1' CODEC(ZSTD(1)),
    final Bool COMMENT 'Stream time has passed the end by more than the lateness',
    complete Bool COMMENT 'false: messages of the day were accepted before roots were kept',
    stream_time DateTime64(3, 'UTC') COMMENT 'Stream time of this revision, UTC' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT 'The last revision wins'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(toDate(day))
ORDER BY (source_id, day, revision)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Roots over the accepted messages of days, every revision; read roots_current';

CREATE OR REPLACE VIEW roots_current AS
SELECT * EXCEPT (version)
FROM roots FINAL
ORDER BY source_id, day, revision DESC
LIMIT 1 BY source_id, day
COMMENT 'The last revision of the root over the accepted messages of each source and local day';
