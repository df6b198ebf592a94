CREATE TABLE IF NOT EXISTS gaps
(
    id UUID COMMENT 'UUIDv5 of source, parameter and start',
    revision UInt32 COMMENT 'Counts the published changes, from 1',
    status LowCardinality(String) COMMENT 'OPEN, CLOSED or WITHDRAWN',
    source_id LowCardinality(String) COMMENT 'Source',
    parameter LowCardinality(String) COMMENT 'Parameter of the silent channel; empty: the whole source',
    start DateTime64(3, 'UTC') COMMENT 'Start of the silence',
    end Nullable(DateTime64(3, 'UTC')) COMMENT 'End of the silence; null: it lasts',
    detected_at DateTime64(3, 'UTC') COMMENT 'Stream time of this revision',
    version UInt64 COMMENT 'The revision'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(start)
ORDER BY (source_id, parameter, start)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Silence of sources and channels; read gaps_current';
