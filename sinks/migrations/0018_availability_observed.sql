-- A source is watched from its first window or gap on: the day of its first reading began before.
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
            SELECT source_id, min(start) AS begin FROM means WHERE window != 'day' GROUP BY source_id
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
