-- The mass of a calendar year from the 1-hour means of mass flows: a mean times its valid time is
-- the sum of g/s times period. A year is that of the source's clock; only the hours around a new
-- year in UTC have to be looked at one by one. The limit is that of the last registration on the
-- day of the last hour.
CREATE OR REPLACE VIEW year_mass AS
WITH
    ifNull(nullIf(joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''), 'Asia/Almaty') AS zone,
    toDate32(formatDateTime(observed_until - INTERVAL 1 HOUR, '%F', zone)) AS last_day,
    arrayFilter(
        told -> JSONExtractString(told, 'unit') = 't/a'
            AND JSONExtractString(told, 'parameter') = parameter
            AND last_day >= ifNull(toDate32OrNull(substring(JSONExtractString(told, 'valid_from'), 1, 10)), toDate32('1900-01-01'))
            AND last_day < ifNull(toDate32OrNull(substring(JSONExtractString(told, 'valid_to'), 1, 10)), toDate32('2299-12-31')),
        JSONExtractArrayRaw(ifNull(r.document, ''), 'limits')
    ) AS limits,
    toIntervalSecond(toInt64(least(dateDiff('second', observed_from, observed_until) / share, 1e8))) AS lasting,
    toDate32(formatDateTime(observed_from + lasting, '%F', zone)) AS reached_day
SELECT
    m.source_id AS source_id,
    m.parameter AS parameter,
    m.year AS year,
    m.observed_from AS observed_from,
    m.observed_until AS observed_until,
    m.valid_s AS valid_s,
    m.mass_t AS mass_t,
    if(empty(limits), NULL, JSONExtractFloat(limits[1], 'value')) AS limit,
    mass_t / limit AS share,
    if(share > 0 AND share <= 1 AND toYear(reached_day) = year, reached_day, NULL) AS reached_on
FROM
(
    SELECT
        source_id,
        parameter,
        if(
            toYear(start - INTERVAL 15 HOUR) = toYear(start + INTERVAL 15 HOUR),
            toYear(start),
            toYear(toDate32(formatDateTime(start, '%F', ifNull(nullIf(joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''), 'Asia/Almaty'))))
        ) AS year,
        min(start) AS observed_from,
        max(end) AS observed_until,
        sum(means.valid_s) AS valid_s,
        sum(value * means.valid_s) / 1e6 AS mass_t
    FROM means FINAL
    WHERE window = '1h' AND unit = 'g/s' AND value IS NOT NULL
    GROUP BY source_id, parameter, year
    SETTINGS do_not_merge_across_partitions_select_final = 1, optimize_move_to_prewhere_if_final = 1
) AS m
LEFT JOIN registry_current AS r ON r.source_id = m.source_id
COMMENT 'Mass of each parameter in each year, its limit, and when that is reached at the rate so far';

ALTER TABLE year_mass
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `parameter` 'Parameter whose 1-hour mass flow is published; a limit in t/a alone makes none',
    COMMENT COLUMN `year` 'Calendar year on the clock of the source',
    COMMENT COLUMN `observed_from` 'Start of the first hour with a valid mass flow, UTC: what came before is not known',
    COMMENT COLUMN `observed_until` 'End of the last such hour, UTC',
    COMMENT COLUMN `valid_s` 'Seconds of valid mass flow',
    COMMENT COLUMN `mass_t` 'Mass of the valid readings, t',
    COMMENT COLUMN `limit` 'Limit on the day of the last hour, t/a; null: none',
    COMMENT COLUMN `share` 'mass_t / limit',
    COMMENT COLUMN `reached_on` 'Date on which the mass reaches the limit at the mean rate so far; null: not in this year, or it is passed';
