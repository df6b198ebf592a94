-- Accounts of mass with values in place of missing hours. Never evidence: no rule reads this table.
CREATE TABLE IF NOT EXISTS accounted_hours
(
    source_id LowCardinality(String) COMMENT 'Source',
    parameter LowCardinality(String) COMMENT 'Parameter, such as SO2',
    unit LowCardinality(String) COMMENT 'Unit of value',
    start DateTime64(3, 'UTC') COMMENT 'Start of the operating hour, UTC',
    value Float64 COMMENT 'Mean of the hour, or what stands for it',
    code LowCardinality(String) COMMENT '01 measured, 06 mean of the hours before and after, 08 and 09 90th and 95th percentile of 720 hours, 10 the highest of them, 12 maximum potential (40 CFR 75.33)',
    availability_pct Float64 COMMENT 'Quality-assured hours of the last 8760 operating hours, percent',
    made_at DateTime64(3, 'UTC') COMMENT 'When the account was made; the last one wins'
)
ENGINE = ReplacingMergeTree(made_at)
PARTITION BY toYear(start)
ORDER BY (source_id, parameter, unit, start)
COMMENT 'Hours with values in place of missing ones, for accounts of mass; never evidence';

CREATE OR REPLACE VIEW accounted_hours_current AS
SELECT * EXCEPT (made_at)
FROM accounted_hours FINAL
COMMENT 'The last account of every hour; never evidence';

ALTER TABLE accounted_hours_current
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `parameter` 'Parameter, such as SO2',
    COMMENT COLUMN `unit` 'Unit of value',
    COMMENT COLUMN `start` 'Start of the operating hour, UTC',
    COMMENT COLUMN `value` 'Mean of the hour, or what stands for it',
    COMMENT COLUMN `code` '01 measured, 06 mean of the hours before and after, 08 and 09 90th and 95th percentile of 720 hours, 10 the highest of them, 12 maximum potential (40 CFR 75.33)',
    COMMENT COLUMN `availability_pct` 'Quality-assured hours of the last 8760 operating hours, percent';
