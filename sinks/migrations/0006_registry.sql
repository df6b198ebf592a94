-- A registration writes its sources first and its enterprise last: sources of an enterprise count
-- where their version is the enterprise's.
CREATE TABLE IF NOT EXISTS registry
(
    source_id String COMMENT 'Source',
    bin String COMMENT 'БИН of its enterprise',
    name String COMMENT 'Name; empty: none',
    timezone LowCardinality(String) COMMENT 'IANA zone whose clock cuts its windows',
    cadence_s UInt32 COMMENT 'Length of its readings, seconds',
    fuel LowCardinality(String) COMMENT 'solid, liquid or gas; empty: not given',
    thermal_mw Nullable(Float64) COMMENT 'Thermal power, MW',
    gross_t_a Nullable(Float64) COMMENT 'Gross emission, t/a',
    parameters Array(LowCardinality(String)) COMMENT 'Parameters of its channels',
    document String CODEC(ZSTD(1)) COMMENT 'The source as registered, JSON',
    version UInt64 COMMENT 'Offset of the registration plus 1'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (bin, source_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Sources as last registered; read registry_current';

CREATE TABLE IF NOT EXISTS enterprises
(
    bin String COMMENT 'БИН',
    name_ru String COMMENT 'Name in Russian',
    name_kk String COMMENT 'Name in Kazakh',
    name_en String COMMENT 'Name in English',
    region LowCardinality(String) COMMENT 'ISO 3166-2:KZ',
    category UInt8 COMMENT 'Category of the facility, 1 to 4',
    business_size LowCardinality(String) COMMENT 'small, medium or large',
    commissioned_on DateTime64(3, 'UTC') COMMENT 'Midnight (Asia/Almaty) of commissioning',
    installed_on Nullable(DateTime64(3, 'UTC')) COMMENT 'Monitoring system installed; null: it is not',
    connected_on Nullable(DateTime64(3, 'UTC')) COMMENT 'Monitoring system connected; null: it is not',
    roadmap_until Nullable(DateTime64(3, 'UTC')) COMMENT 'A road map defers the duty until then; null: there is none',
    roadmap_reference String COMMENT 'The road map''s act; empty: not given',
    test Bool COMMENT 'A test stream, in no statistics',
    deleted Bool COMMENT 'Struck off the registry',
    registered_at DateTime64(3, 'UTC') COMMENT 'Timestamp of the registration',
    version UInt64 COMMENT 'Offset of the registration plus 1'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY bin
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Enterprises as last registered; read enterprises_current';
