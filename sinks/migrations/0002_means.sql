CREATE TABLE IF NOT EXISTS means
(
    source_id LowCardinality(String) COMMENT 'Source',
    parameter LowCardinality(String) COMMENT 'Parameter, such as SO2',
    unit LowCardinality(String) COMMENT 'Unit of value, validated_value, min, max and limit',
    window LowCardinality(String) COMMENT '20min, 30min, 1h or day',
    start DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Start of the window',
    end DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'End of the window',
    value Nullable(Float64) CODEC(Gorilla, ZSTD(1)) COMMENT 'Mean of the valid readings, weighted by their periods; null: none is valid',
    raw_value Nullable(Float64) CODEC(Gorilla, ZSTD(1)) COMMENT 'The same before normalisation, in the unit of the channel',
    validated_value Nullable(Float64) CODEC(Gorilla, ZSTD(1)) COMMENT 'value less the confidence interval, not below 0; null: none applies',
    min Nullable(Float64) CODEC(Gorilla, ZSTD(1)) COMMENT 'Least valid reading',
    max Nullable(Float64) CODEC(Gorilla, ZSTD(1)) COMMENT 'Greatest valid reading',
    count UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Accepted readings of the window that carry the parameter',
    valid_s UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Seconds covered by valid readings',
    due_s UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Seconds for which data were due',
    excused_s UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Seconds excused by operating state or registry',
    status LowCardinality(String) COMMENT 'VALID, INSUFFICIENT or NOT_OPERATING',
    seconds_by_code Map(LowCardinality(String), UInt32) COMMENT 'Quality code to the seconds it covers',
    limit Nullable(Float64) CODEC(Gorilla, ZSTD(1)) COMMENT 'Limit in force at the start; null: none in this unit',
    rule_set LowCardinality(String) COMMENT 'Version of the rule set',
    revision UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Grows with readings that came after the window closed',
    final Bool COMMENT 'Nothing can change any more',
    stream_time DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Stream time when this revision was computed',
    version UInt64 CODEC(T64, ZSTD(1)) COMMENT '2 * revision + final: the last revision wins'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(start)
ORDER BY (source_id, parameter, unit, window, start)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every revision of every mean until merged; read means_current';
