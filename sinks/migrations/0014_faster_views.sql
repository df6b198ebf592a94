-- The views over the two large tables, faster: parts of different months never hold the same key
-- (the month is a function of it), conditions on the key are looked at before rows are compared,
-- and only rows whose version is that of some dead letter are looked up by place.
CREATE OR REPLACE VIEW readings_current AS
SELECT
    source_id,
    parameter,
    interval_start,
    measured_at,
    period_s,
    value,
    flag,
    quality,
    state,
    device_serial,
    arrived_at,
    topic,
    partition,
    offset
FROM readings FINAL
WHERE version NOT IN (
    SELECT toUInt64(9223372036854775807 - offset) FROM dead_letters WHERE stage != 'sink'
)
    OR (topic, partition, offset) NOT IN (
        SELECT topic, partition, offset FROM dead_letters WHERE stage != 'sink'
    )
SETTINGS do_not_merge_across_partitions_select_final = 1, optimize_move_to_prewhere_if_final = 1
COMMENT 'Accepted readings, a row a channel, once';

ALTER TABLE readings_current
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `parameter` 'What the channel measures, such as SO2',
    COMMENT COLUMN `interval_start` 'floor(measured_at / period) * period: which interval of the source this is',
    COMMENT COLUMN `measured_at` 'Start of the interval as sent',
    COMMENT COLUMN `period_s` 'Length of the interval, seconds',
    COMMENT COLUMN `value` 'Value as measured, in the unit of the channel',
    COMMENT COLUMN `flag` 'Abnormal flag of the channel (F M S D C T B); empty: normal',
    COMMENT COLUMN `quality` 'Quality code; empty: valid',
    COMMENT COLUMN `state` 'Operating state of the source',
    COMMENT COLUMN `device_serial` 'Serial number of the device; empty: not sent',
    COMMENT COLUMN `arrived_at` 'Timestamp of the Kafka record',
    COMMENT COLUMN `topic` 'Topic of the message',
    COMMENT COLUMN `partition` 'Partition of the message',
    COMMENT COLUMN `offset` 'Offset of the message';

CREATE OR REPLACE VIEW means_current AS
SELECT * EXCEPT (version)
FROM means FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1, optimize_move_to_prewhere_if_final = 1
COMMENT 'The last revision of every mean';

ALTER TABLE means_current
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `parameter` 'Parameter, such as SO2',
    COMMENT COLUMN `unit` 'Unit of value, validated_value, min, max and limit',
    COMMENT COLUMN `window` '20min, 30min, 1h or day',
    COMMENT COLUMN `start` 'Start of the window',
    COMMENT COLUMN `end` 'End of the window',
    COMMENT COLUMN `value` 'Mean of the valid readings, weighted by their periods; null: none is valid',
    COMMENT COLUMN `raw_value` 'The same before normalisation, in the unit of the channel',
    COMMENT COLUMN `validated_value` 'value less the confidence interval, not below 0; null: none applies',
    COMMENT COLUMN `min` 'Least valid reading',
    COMMENT COLUMN `max` 'Greatest valid reading',
    COMMENT COLUMN `count` 'Accepted readings of the window that carry the parameter',
    COMMENT COLUMN `valid_s` 'Seconds covered by valid readings',
    COMMENT COLUMN `due_s` 'Seconds for which data were due',
    COMMENT COLUMN `excused_s` 'Seconds excused by operating state or registry',
    COMMENT COLUMN `status` 'VALID, INSUFFICIENT or NOT_OPERATING',
    COMMENT COLUMN `seconds_by_code` 'Quality code to the seconds it covers',
    COMMENT COLUMN `limit` 'Limit in force at the start; null: none in this unit',
    COMMENT COLUMN `rule_set` 'Version of the rule set',
    COMMENT COLUMN `revision` 'Grows with readings that came after the window closed',
    COMMENT COLUMN `final` 'Nothing can change any more',
    COMMENT COLUMN `stream_time` 'Stream time when this revision was computed';

CREATE OR REPLACE VIEW latest_means AS
SELECT
    m.source_id AS source_id,
    source.bin AS bin,
    owner.name_ru AS name_ru,
    m.parameter AS parameter,
    m.unit AS unit,
    m.window AS window,
    m.start AS start,
    m.last.1 AS value,
    m.last.2 AS limit,
    m.last.1 / m.last.2 AS ratio,
    m.last.3 AS status
FROM
(
    SELECT
        source_id,
        parameter,
        unit,
        window,
        max(means_current.start) AS start,
        argMax((value, limit, status), means_current.start) AS last
    FROM means_current
    GROUP BY source_id, parameter, unit, window
) AS m
LEFT JOIN registry_current AS source ON source.source_id = m.source_id
LEFT JOIN enterprises_current AS owner ON owner.bin = source.bin
COMMENT 'The latest mean of every source, parameter, unit and window beside its limit';

ALTER TABLE latest_means
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `bin` 'БИН of the enterprise; empty: not registered now',
    COMMENT COLUMN `name_ru` 'Name of the enterprise in Russian',
    COMMENT COLUMN `parameter` 'Parameter, such as SO2',
    COMMENT COLUMN `unit` 'Unit of value and limit',
    COMMENT COLUMN `window` '20min, 30min, 1h or day',
    COMMENT COLUMN `start` 'Start of the window',
    COMMENT COLUMN `value` 'Mean of the valid readings, weighted by their periods; null: none is valid',
    COMMENT COLUMN `limit` 'Limit in force at the start; null: none in this unit',
    COMMENT COLUMN `ratio` 'value / limit; null: no value or no limit',
    COMMENT COLUMN `status` 'VALID, INSUFFICIENT or NOT_OPERATING';
