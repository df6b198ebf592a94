RENAME TABLE IF EXISTS means_by_window TO means;

DROP TABLE IF EXISTS means_by_source SYNC;

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

-- Of the latest mean the latest revision, and where a series begins: both are told by the projection
-- of means without comparing the revisions of every mean.
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
        max(means.start) AS start,
        argMax((value, limit, status), bitShiftLeft(toInt128(toUnixTimestamp64Milli(means.start)), 64) + version) AS last
    FROM means
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

CREATE OR REPLACE VIEW availability AS
WITH
    (SELECT max(stream_time) FROM means) AS latest,
    silences AS
    (
        SELECT source_id, start, least(coalesce(end, greatest(latest, detected_at)), greatest(latest, start)) AS until
        FROM gaps_current
        WHERE parameter = ''
    ),
    begins AS
    (
        SELECT source_id, min(begin) AS begin
        FROM
        (
            SELECT source_id, min(start) AS begin FROM means GROUP BY source_id
            UNION ALL
            SELECT source_id, min(start) AS begin FROM silences GROUP BY source_id
        )
        GROUP BY source_id
    ),
    months AS
    (
        SELECT
            source_id,
            arrayJoin(arrayMap(
                n -> addMonths(toStartOfMonth(begin, 'Asia/Almaty'), n),
                range(toUInt32(1 + greatest(0, dateDiff('month', begin, latest, 'Asia/Almaty'))))
            )) AS month,
            greatest(begin, toDateTime64(toDateTime(month, 'Asia/Almaty'), 3, 'UTC')) AS observed_from,
            least(latest, toDateTime64(toDateTime(addMonths(month, 1), 'Asia/Almaty'), 3, 'UTC')) AS observed_to
        FROM begins
        WHERE begin < latest
    ),
    silent AS
    (
        SELECT
            m.source_id AS source_id,
            m.month AS month,
            sum(greatest(0, dateDiff('millisecond', greatest(s.start, m.observed_from), least(s.until, m.observed_to)))) / 1000 AS seconds
        FROM months AS m
        INNER JOIN silences AS s ON s.source_id = m.source_id
        GROUP BY source_id, month
    ),
    valid AS
    (
        SELECT
            source_id,
            toStartOfMonth(start, 'Asia/Almaty') AS month,
            sum(valid_s) AS valid_s,
            sum(due_s) AS due_s
        FROM means_current
        WHERE window = '1h' AND unit != 'g/s'
            AND parameter NOT IN ('O2', 'H2O', 'TEMPERATURE', 'PRESSURE', 'VELOCITY', 'FLOW')
        GROUP BY source_id, month
    )
SELECT
    m.source_id AS source_id,
    m.month AS month,
    dateDiff('millisecond', m.observed_from, m.observed_to) / 1000 AS observed_s,
    coalesce(silent.seconds, 0) AS silent_s,
    1 - silent_s / observed_s AS transmitted_share,
    if(valid.due_s > 0, valid.valid_s / valid.due_s, NULL) AS valid_share
FROM months AS m
LEFT JOIN silent ON silent.source_id = m.source_id AND silent.month = m.month
LEFT JOIN valid ON valid.source_id = m.source_id AND valid.month = m.month
COMMENT 'Share of the time a source transmitted, and of the due time its pollutants were valid, by month';

ALTER TABLE availability
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `month` 'First day of the month, Almaty calendar',
    COMMENT COLUMN `observed_s` 'Seconds of the month in which the source was watched',
    COMMENT COLUMN `silent_s` 'Of them seconds in gaps of the whole source',
    COMMENT COLUMN `transmitted_share` '1 - silent_s / observed_s',
    COMMENT COLUMN `valid_share` 'Valid / due seconds of the 1-hour means of pollutants; null: nothing was due';
