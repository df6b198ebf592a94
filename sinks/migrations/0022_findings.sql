-- What an inspector should look at. Nothing here is a violation, and no case follows from it by itself.
CREATE TABLE IF NOT EXISTS findings
(
    id UUID COMMENT 'UUIDv5 of kind, source or БИН, parameter and start',
    revision UInt32 COMMENT 'Counts the changes of this finding in the log, from 1; of several by one batch the last is published',
    status LowCardinality(String) COMMENT 'State of the finding',
    kind LowCardinality(String) COMMENT 'What was found, such as FLATLINE or MASS_DIFFERS',
    bin LowCardinality(String) COMMENT 'БИН of the enterprise',
    source_id LowCardinality(String) COMMENT 'Source; empty: the enterprise as a whole',
    parameter LowCardinality(String) COMMENT 'Parameter; empty: does not apply',
    start DateTime64(3, 'UTC') COMMENT 'Start of the interval, UTC',
    end Nullable(DateTime64(3, 'UTC')) COMMENT 'End of the interval, UTC; null: open',
    statistic LowCardinality(String) COMMENT 'Name of the number in value, such as share of the limit',
    value Nullable(Float64) COMMENT 'The number; null: there is none',
    threshold Nullable(Float64) COMMENT 'What the number was compared with; null: there is none',
    unit LowCardinality(String) COMMENT 'Unit of value and threshold; empty: there is none',
    detail String COMMENT 'A sentence in English that says what an inspector must look at',
    basis LowCardinality(String) COMMENT 'The act and its point; empty: a statistical suspicion, no act names it',
    track LowCardinality(String) COMMENT 'INSPECTION: a ground for a visit; empty: nothing follows by itself',
    rule_set LowCardinality(String) COMMENT 'Version of the rule set',
    detected_at DateTime64(3, 'UTC') COMMENT 'Stream time of this revision, UTC',
    version UInt64 COMMENT 'The last revision wins'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(start)
ORDER BY (kind, source_id, parameter, start, id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What an inspector should look at, all revisions until merged; read findings_current';

CREATE OR REPLACE VIEW findings_current AS
SELECT
    * EXCEPT (version),
    ifNull(nullIf(joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''), 'Asia/Almaty') AS timezone,
    formatDateTime(start, '%F %T', timezone) AS start_local,
    formatDateTime(end, '%F %T', timezone) AS end_local,
    toDate32(start_local) AS day
FROM findings FINAL
WHERE status != 'WITHDRAWN'
COMMENT 'The last revision of everything an inspector should look at that was not withdrawn';

ALTER TABLE findings_current
    COMMENT COLUMN `id` 'UUIDv5 of kind, source or БИН, parameter and start',
    COMMENT COLUMN `revision` 'Counts the changes of this finding in the log, from 1; of several by one batch the last is published',
    COMMENT COLUMN `status` 'State of the finding',
    COMMENT COLUMN `kind` 'What was found, such as FLATLINE or MASS_DIFFERS',
    COMMENT COLUMN `bin` 'БИН of the enterprise',
    COMMENT COLUMN `source_id` 'Source; empty: the enterprise as a whole',
    COMMENT COLUMN `parameter` 'Parameter; empty: does not apply',
    COMMENT COLUMN `start` 'Start of the interval, UTC',
    COMMENT COLUMN `end` 'End of the interval, UTC; null: open',
    COMMENT COLUMN `statistic` 'Name of the number in value, such as share of the limit',
    COMMENT COLUMN `value` 'The number; null: there is none',
    COMMENT COLUMN `threshold` 'What the number was compared with; null: there is none',
    COMMENT COLUMN `unit` 'Unit of value and threshold; empty: there is none',
    COMMENT COLUMN `detail` 'A sentence in English that says what an inspector must look at',
    COMMENT COLUMN `basis` 'The act and its point; empty: a statistical suspicion, no act names it',
    COMMENT COLUMN `track` 'INSPECTION: a ground for a visit; empty: nothing follows by itself',
    COMMENT COLUMN `rule_set` 'Version of the rule set',
    COMMENT COLUMN `detected_at` 'Stream time of this revision, UTC',
    COMMENT COLUMN `timezone` 'Clock of the source (IANA); Asia/Almaty where it is not registered',
    COMMENT COLUMN `start_local` 'start on the clock of the source, text',
    COMMENT COLUMN `end_local` 'end there, text; null: it lasts',
    COMMENT COLUMN `day` 'Date of the start there';
