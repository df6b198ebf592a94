-- The view made two sets of all dead letters for each question, however few messages were asked for.
-- In a join what is asked of a source or a place holds for the dead letters too: of 100,000 of them
-- those of one source are looked at. A dead letter of a message that is kept has its source.
CREATE OR REPLACE VIEW raw_messages_current AS
SELECT
    source_id,
    measured_at,
    period_s,
    topic,
    partition,
    offset,
    arrived_at,
    key,
    value,
    headers
FROM raw_messages FINAL
LEFT ANTI JOIN
(
    SELECT source_id, topic, partition, offset
    FROM dead_letters
    WHERE stage != 'sink'
) AS refused USING (source_id, topic, partition, offset)
SETTINGS do_not_merge_across_partitions_select_final = 1, optimize_move_to_prewhere_if_final = 1
COMMENT 'Messages of accepted readings as they came, once; those that repeat one are among them';

ALTER TABLE raw_messages_current
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `measured_at` 'Start of the interval of its reading as sent, UTC',
    COMMENT COLUMN `period_s` 'Length of the interval, seconds: of the messages of one interval the first is used, others repeat it',
    COMMENT COLUMN `topic` 'Topic of the message',
    COMMENT COLUMN `partition` 'Partition of the message',
    COMMENT COLUMN `offset` 'Offset of the message',
    COMMENT COLUMN `arrived_at` 'Timestamp of the Kafka record, UTC',
    COMMENT COLUMN `key` 'Key of the message, its bytes',
    COMMENT COLUMN `value` 'Value of the message, its bytes with the frame of the schema id',
    COMMENT COLUMN `headers` 'Headers of the message, in their order';
