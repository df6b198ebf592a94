-- Names and clocks that views look up by key, only where their columns are asked for (joinGet). The
-- zones and units follow each registration; names and titles are written by `emissions migrate`.
CREATE TABLE IF NOT EXISTS regions
(
    code String COMMENT 'ISO 3166-2:KZ',
    name_ru String COMMENT 'Name in Russian',
    name_kk String COMMENT 'Name in Kazakh',
    name_en String COMMENT 'Name in English'
)
ENGINE = Join(ANY, LEFT, code)
SETTINGS join_any_take_last_row = 1
COMMENT 'Regions and cities of republican significance';

CREATE TABLE IF NOT EXISTS rules
(
    code String COMMENT 'Code of the rule, such as KZ-DAY',
    title_ru String COMMENT 'Title in Russian',
    title_kk String COMMENT 'Title in Kazakh',
    title_en String COMMENT 'Title in English'
)
ENGINE = Join(ANY, LEFT, code)
SETTINGS join_any_take_last_row = 1
COMMENT 'Rules of the law as last migrated';

CREATE TABLE IF NOT EXISTS source_zones
(
    source_id String COMMENT 'Source',
    timezone String COMMENT 'IANA zone whose clock cuts its windows'
)
ENGINE = Join(ANY, LEFT, source_id)
SETTINGS join_any_take_last_row = 1
COMMENT 'The clock of each source that was ever registered, as last registered';

CREATE TABLE IF NOT EXISTS channel_units
(
    source_id String COMMENT 'Source',
    parameter String COMMENT 'Parameter of the channel',
    unit String COMMENT 'Unit in which the channel measures'
)
ENGINE = Join(ANY, LEFT, source_id, parameter)
SETTINGS join_any_take_last_row = 1
COMMENT 'The unit of each channel that was ever registered, as last registered';

CREATE MATERIALIZED VIEW IF NOT EXISTS source_zones_filled TO source_zones
(
    source_id String COMMENT 'Source',
    timezone String COMMENT 'IANA zone whose clock cuts its windows'
)
AS SELECT source_id, CAST(timezone, 'String') AS timezone FROM registry;

CREATE MATERIALIZED VIEW IF NOT EXISTS channel_units_filled TO channel_units
(
    source_id String COMMENT 'Source',
    parameter String COMMENT 'Parameter of the channel',
    unit String COMMENT 'Unit in which the channel measures'
)
AS SELECT source_id, JSONExtractString(channel, 'parameter') AS parameter, JSONExtractString(channel, 'unit') AS unit
FROM registry ARRAY JOIN JSONExtractArrayRaw(document, 'channels') AS channel;

INSERT INTO source_zones
SELECT source_id, CAST(timezone, 'String') FROM registry FINAL;

INSERT INTO channel_units
SELECT source_id, JSONExtractString(channel, 'parameter'), JSONExtractString(channel, 'unit')
FROM registry FINAL ARRAY JOIN JSONExtractArrayRaw(document, 'channels') AS channel;

-- Every revision of every violation: the table of violations keeps the last one alone.
CREATE TABLE IF NOT EXISTS violation_revisions
(
    id UUID COMMENT 'Violation',
    revision UInt32 COMMENT 'Counts the changes in the log, from 1; numbers may be missing',
    status LowCardinality(String) COMMENT 'OPEN, AMENDED (still open), CLOSED or WITHDRAWN',
    rule LowCardinality(String) COMMENT 'Code of the rule, such as KZ-DAY',
    bin LowCardinality(String) COMMENT 'БИН of the enterprise',
    source_id LowCardinality(String) COMMENT 'Source; empty: the enterprise as a whole',
    parameter LowCardinality(String) COMMENT 'Parameter; empty: does not apply',
    unit LowCardinality(String) COMMENT 'Unit of value and limit; empty: there are none',
    start DateTime64(3, 'UTC') COMMENT 'Start of the violation, UTC',
    end Nullable(DateTime64(3, 'UTC')) COMMENT 'End, UTC; null: it lasted when this was said',
    value Nullable(Float64) COMMENT 'What was compared with the limit',
    validated_value Nullable(Float64) COMMENT 'value less the confidence interval; null: none applies',
    limit Nullable(Float64) COMMENT 'The limit L',
    ratio Nullable(Float64) COMMENT 'value / limit',
    excess_mass_t Nullable(Float64) COMMENT 'Mass above the norm, tonnes; null: no mass flow was measured',
    automatic Bool COMMENT 'May become a case without an inspector',
    reasons Array(LowCardinality(String)) COMMENT 'Why a person must look',
    detected_at DateTime64(3, 'UTC') COMMENT 'Stream time of this revision, UTC'
)
ENGINE = ReplacingMergeTree
ORDER BY (id, revision)
COMMENT 'Revisions of violations; read violation_history';

CREATE MATERIALIZED VIEW IF NOT EXISTS violation_revisions_filled TO violation_revisions
(
    id UUID COMMENT 'Violation',
    revision UInt32 COMMENT 'Counts the changes in the log, from 1; numbers may be missing',
    status LowCardinality(String) COMMENT 'OPEN, AMENDED (still open), CLOSED or WITHDRAWN',
    rule LowCardinality(String) COMMENT 'Code of the rule, such as KZ-DAY',
    bin LowCardinality(String) COMMENT 'БИН of the enterprise',
    source_id LowCardinality(String) COMMENT 'Source; empty: the enterprise as a whole',
    parameter LowCardinality(String) COMMENT 'Parameter; empty: does not apply',
    unit LowCardinality(String) COMMENT 'Unit of value and limit; empty: there are none',
    start DateTime64(3, 'UTC') COMMENT 'Start of the violation, UTC',
    end Nullable(DateTime64(3, 'UTC')) COMMENT 'End, UTC; null: it lasted when this was said',
    value Nullable(Float64) COMMENT 'What was compared with the limit',
    validated_value Nullable(Float64) COMMENT 'value less the confidence interval; null: none applies',
    limit Nullable(Float64) COMMENT 'The limit L',
    ratio Nullable(Float64) COMMENT 'value / limit',
    excess_mass_t Nullable(Float64) COMMENT 'Mass above the norm, tonnes; null: no mass flow was measured',
    automatic Bool COMMENT 'May become a case without an inspector',
    reasons Array(LowCardinality(String)) COMMENT 'Why a person must look',
    detected_at DateTime64(3, 'UTC') COMMENT 'Stream time of this revision, UTC'
)
AS SELECT id, revision, status, rule, bin, source_id, parameter, unit, start, end, value, validated_value, limit, ratio, excess_mass_t, automatic, reasons, detected_at FROM violations;

INSERT INTO violation_revisions
SELECT id, revision, status, rule, bin, source_id, parameter, unit, start, end, value, validated_value, limit, ratio, excess_mass_t, automatic, reasons, detected_at FROM violations;
