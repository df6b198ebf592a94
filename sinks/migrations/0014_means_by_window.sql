-- The means sorted by window first: days are a row in 145, and whoever asks for them reads no others.
-- Means are all digits, which Gorilla makes larger. The projection says of each series where it
-- begins and ends and what its last mean is. It lies in the parts of the table, so it is written
-- with them or not at all, and what it says is the same however often a row is there: least,
-- greatest, and the values of the greatest start and revision (as one number: the pair costs three
-- times as much to insert). The name is given back by 0015, as that of the readings by 0013.
CREATE TABLE IF NOT EXISTS means_by_window
(
    source_id LowCardinality(String) COMMENT 'Source',
    parameter LowCardinality(String) COMMENT 'Parameter, such as SO2',
    unit LowCardinality(String) COMMENT 'Unit of value, validated_value, min, max and limit',
    window LowCardinality(String) COMMENT '20min, 30min, 1h or day',
    start DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Start of the window',
    end DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'End of the window',
    value Nullable(Float64) CODEC(ZSTD(1)) COMMENT 'Mean of the valid readings, weighted by their periods; null: none is valid',
    raw_value Nullable(Float64) CODEC(ZSTD(1)) COMMENT 'The same before normalisation, in the unit of the channel',
    validated_value Nullable(Float64) CODEC(ZSTD(1)) COMMENT 'value less the confidence interval, not below 0; null: none applies',
    min Nullable(Float64) CODEC(ZSTD(1)) COMMENT 'Least valid reading',
    max Nullable(Float64) CODEC(ZSTD(1)) COMMENT 'Greatest valid reading',
    count UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Accepted readings of the window that carry the parameter',
    valid_s UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Seconds covered by valid readings',
    due_s UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Seconds for which data were due',
    excused_s UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Seconds excused by operating state or registry',
    status LowCardinality(String) COMMENT 'VALID, INSUFFICIENT or NOT_OPERATING',
    seconds_by_code Map(LowCardinality(String), UInt32) COMMENT 'Quality code to the seconds it covers',
    limit Nullable(Float64) CODEC(ZSTD(1)) COMMENT 'Limit in force at the start; null: none in this unit',
    rule_set LowCardinality(String) COMMENT 'Version of the rule set',
    revision UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Grows with readings that came after the window closed',
    final Bool COMMENT 'Nothing can change any more',
    stream_time DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Stream time when this revision was computed',
    version UInt64 CODEC(T64, ZSTD(1)) COMMENT '2 * revision + final: the last revision wins',
    PROJECTION series
    (
        SELECT
            source_id,
            parameter,
            unit,
            window,
            min(start),
            max(start),
            max(stream_time),
            argMax((value, limit, status), bitShiftLeft(toInt128(toUnixTimestamp64Milli(start)), 64) + version)
        GROUP BY source_id, parameter, unit, window
    )
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(start)
ORDER BY (window, unit, source_id, parameter, start)
SETTINGS non_replicated_deduplication_window = 1000, deduplicate_merge_projection_mode = 'rebuild'
COMMENT 'Every revision of every mean until merged; read means_current';

RENAME TABLE IF EXISTS means TO means_by_source;

INSERT INTO means_by_window
    (source_id, parameter, unit, window, start, end, value, raw_value, validated_value, min, max, count, valid_s, due_s, excused_s, status, seconds_by_code, limit, rule_set, revision, final, stream_time, version)
SELECT
    source_id,
    parameter,
    unit,
    window,
    start,
    end,
    value,
    raw_value,
    validated_value,
    min,
    max,
    count,
    valid_s,
    due_s,
    excused_s,
    status,
    seconds_by_code,
    limit,
    rule_set,
    revision,
    final,
    stream_time,
    version
FROM means_by_source
SETTINGS max_partitions_per_insert_block = 0, insert_deduplicate = 0;
