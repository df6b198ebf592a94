CREATE TABLE IF NOT EXISTS violations
(
    id UUID COMMENT 'UUIDv5 of rule, source or БИН, parameter and start',
    revision UInt32 COMMENT 'Counts the published changes, from 1',
    status LowCardinality(String) COMMENT 'OPEN, AMENDED (still open), CLOSED or WITHDRAWN',
    rule LowCardinality(String) COMMENT 'Code of the rule, such as KZ-DAY',
    rule_set LowCardinality(String) COMMENT 'Version of the rule set',
    legal_basis Nested(act String, article String, part String, point String) COMMENT 'Places in the law',
    bin LowCardinality(String) COMMENT 'БИН of the enterprise',
    enterprise Map(LowCardinality(String), String) COMMENT 'Language (ru, kk, en) to the name',
    region LowCardinality(String) COMMENT 'ISO 3166-2:KZ',
    category UInt8 COMMENT 'Category of the facility, 1 to 4',
    business_size LowCardinality(String) COMMENT 'small, medium or large',
    source_id LowCardinality(String) COMMENT 'Source; empty: the enterprise as a whole',
    parameter LowCardinality(String) COMMENT 'Parameter; empty: does not apply',
    unit LowCardinality(String) COMMENT 'Unit of value, validated_value and limit; empty: there are none',
    start DateTime64(3, 'UTC') COMMENT 'Start of the violation',
    end Nullable(DateTime64(3, 'UTC')) COMMENT 'End; null: it lasts',
    value Nullable(Float64) COMMENT 'What was compared with the limit',
    validated_value Nullable(Float64) COMMENT 'value less the confidence interval; null: none applies',
    limit Nullable(Float64) COMMENT 'The limit L',
    ratio Nullable(Float64) COMMENT 'value / limit',
    excess_mass_t Nullable(Float64) COMMENT 'Mass above the norm, tonnes; null: unknown',
    device_serial LowCardinality(String) COMMENT 'Serial number of the device; empty: not known',
    verification String COMMENT 'Number of its verification; empty: none',
    verification_until Nullable(DateTime64(3, 'UTC')) COMMENT 'End of its verification',
    detected_at DateTime64(3, 'UTC') COMMENT 'Stream time of this revision',
    automatic Bool COMMENT 'May become a case without an inspector',
    deferred_until Nullable(DateTime64(3, 'UTC')) COMMENT 'A road map defers the duty until then',
    evidence Nested(topic String, partition Int32, first_offset Int64, last_offset Int64, readings UInt64, sha256 String) COMMENT 'Messages used, a range a partition, with the hash over their bytes',
    version UInt64 COMMENT 'The revision'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(start)
ORDER BY (rule, start, id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Violations, all revisions until merged; read violations_current';
