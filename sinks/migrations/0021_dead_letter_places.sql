-- When a refused message was measured and where it was read, in columns: the time of its reading, times
-- on the clock of its source, and the file and row of a replay, which its headers carry.
ALTER TABLE dead_letters
    ADD COLUMN IF NOT EXISTS `measured_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'Start of the interval of its reading; null: not told' AFTER `headers`;

CREATE OR REPLACE VIEW dead_letters_current AS
WITH
    tupleElement(arrayLast(header -> tupleElement(header, 1) = 'input-file', headers), 2) AS file_said,
    tupleElement(arrayLast(header -> tupleElement(header, 1) = 'input-row', headers), 2) AS row_said,
    file_said != '' AND match(row_said, '^[0-9]{1,18}$') AS is_told
SELECT
    * EXCEPT (version),
    timestamp AS arrived_at,
    ifNull(nullIf(joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''), 'Asia/Almaty') AS timezone,
    formatDateTime(timestamp, '%F %T', timezone) AS arrived_local,
    formatDateTime(measured_at, '%F %T', timezone) AS measured_local,
    if(is_told, toValidUTF8(file_said), '') AS input_file,
    if(is_told, toUInt64OrNull(row_said), NULL) AS input_row
FROM dead_letters FINAL
COMMENT 'Messages that could not be used, once';

ALTER TABLE dead_letters_current
    COMMENT COLUMN `reason` 'Stable code, such as UNDECODABLE or TOO_LATE',
    COMMENT COLUMN `stage` 'decode, validate, deduplicate or sink',
    COMMENT COLUMN `detail` 'A sentence for a person',
    COMMENT COLUMN `source_id` 'Source as the message says; empty: not known',
    COMMENT COLUMN `topic` 'Topic of the original',
    COMMENT COLUMN `partition` 'Partition of the original',
    COMMENT COLUMN `offset` 'Offset of the original',
    COMMENT COLUMN `timestamp` 'Timestamp of the original Kafka record, UTC',
    COMMENT COLUMN `key` 'Key of the original, its bytes',
    COMMENT COLUMN `value` 'Value of the original, its bytes',
    COMMENT COLUMN `headers` 'Headers of the original',
    COMMENT COLUMN `measured_at` 'Start of the interval of its reading, UTC; null: it is none, ClickHouse refused it, or it was written before this was kept',
    COMMENT COLUMN `arrived_at` 'timestamp, by the name that it has in readings_current',
    COMMENT COLUMN `timezone` 'Clock of the source (IANA); Asia/Almaty where it is not registered',
    COMMENT COLUMN `arrived_local` 'arrived_at on the clock of the source, text',
    COMMENT COLUMN `measured_local` 'measured_at there, text; null: not told',
    COMMENT COLUMN `input_file` 'File that a replay read it from; empty: it was not replayed from a file',
    COMMENT COLUMN `input_row` 'Row in that file, from 1; null: it was not replayed from a file';
