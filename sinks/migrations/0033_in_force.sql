-- What was in force at a time, whole: each set of rules that was migrated, packed into one file as the
-- transparency log has it, and every registration with the time in which it was the last one.
CREATE TABLE IF NOT EXISTS rule_sets
(
    rule_set String COMMENT 'Version of the rule set, as in means, violations and cases',
    valid_from Date32 COMMENT 'The first day on which one of its rules is in force',
    valid_to Nullable(Date32) COMMENT 'The day from which none is any more; null: no end is known',
    sha256 String COMMENT 'SHA-256 of packed, hexadecimal',
    packed String COMMENT 'Its rules, country, payment rates and official days in one file' CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
ORDER BY (rule_set, sha256)
COMMENT 'Every set of rules that was migrated, whole; a set that was altered under its version is there twice';

CREATE OR REPLACE VIEW registrations_by_time AS
SELECT
    bin,
    since AS valid_from,
    leadInFrame(toNullable(since)) OVER (
        PARTITION BY bin ORDER BY topic, partition, offset
        ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS valid_to,
    topic,
    partition,
    offset,
    value
FROM
(
    SELECT *, max(arrived_at) OVER (PARTITION BY bin ORDER BY topic, partition, offset) AS since
    FROM registrations FINAL
)
COMMENT 'Every registration as it came, with the time in which it was the last of its enterprise';

ALTER TABLE registrations_by_time
    COMMENT COLUMN `bin` 'БИН of the enterprise',
    COMMENT COLUMN `valid_from` 'From when it applied to what arrived, UTC: its arrival, or that of one before it where the clock ran backwards',
    COMMENT COLUMN `valid_to` 'Until when, UTC; null: it is the last one',
    COMMENT COLUMN `topic` 'Topic of the registration',
    COMMENT COLUMN `partition` 'Partition of the registration',
    COMMENT COLUMN `offset` 'Offset of the registration',
    COMMENT COLUMN `value` 'Its bytes; null: the enterprise was struck off';
