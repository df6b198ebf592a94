RENAME TABLE IF EXISTS readings_by_day TO readings;

DROP TABLE IF EXISTS readings_by_parameter SYNC;

-- Parts of different months never hold the same key (the month is a function of it), conditions on
-- the key are looked at before rows are compared, and only rows whose version is that of some dead
-- letter are looked up by place. The settings are for speed alone: whoever asks with readonly = 1
-- gets the same answer without them.
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
