-- Ten questions that people ask. docs/performance/questions.md shows them, a test runs them,
-- tests/bench/storage.py times them. Each begins with a line "-- name | who asks | what".

-- worst-violations | inspector | the worst violations of a month, and where their evidence lies
SELECT rule, bin, source_id, start, value, limit, ratio, automatic, evidence.first_offset
FROM violations_current
WHERE start >= '2026-05-04' AND start < '2026-06-04' AND ratio IS NOT NULL
ORDER BY ratio DESC LIMIT 100;

-- evidence-readings | inspector | every reading of one parameter behind one violation
SELECT interval_start, value, quality, state, device_serial, topic, partition, offset
FROM readings_current
WHERE source_id = 'KZ-0001-01' AND parameter = 'SO2'
    AND interval_start >= '2026-05-04 00:00:00' AND interval_start < '2026-05-05 00:00:00'
ORDER BY interval_start;

-- daily-excess | ecologist | day means near or above their limit, by region and parameter
SELECT e.region AS region, m.parameter AS parameter, countIf(m.value > m.limit) AS above, count() AS near, max(m.value / m.limit) AS worst
FROM means_current AS m
INNER JOIN registry_current AS r ON r.source_id = m.source_id
INNER JOIN enterprises_current AS e ON e.bin = r.bin
WHERE m.window = 'day' AND m.status = 'VALID' AND m.value > 0.5 * m.limit
GROUP BY region, parameter ORDER BY above DESC, near DESC;

-- tonnes-emitted | ecologist | tonnes that each enterprise put out, by parameter
SELECT r.bin AS bin, m.parameter AS parameter, sum(m.value * m.valid_s) / 1e6 AS tonnes
FROM means_current AS m INNER JOIN registry_current AS r ON r.source_id = m.source_id
WHERE m.window = '1h' AND m.unit = 'g/s'
GROUP BY bin, parameter ORDER BY tonnes DESC LIMIT 100;

-- channel-health | engineer | how each channel of a source did in a week: missing, frozen, flagged
SELECT parameter, count() AS minutes, uniqExact(value) AS different, countIf(quality != '') AS marked
FROM readings_current
WHERE source_id = 'KZ-0001-01'
    AND interval_start >= '2026-05-04 00:00:00' AND interval_start < '2026-05-11 00:00:00'
GROUP BY parameter ORDER BY parameter;

-- time-underway | engineer | how long readings of each source were on their way, on one day
SELECT source_id, quantileExact(0.5)(arrived_at - interval_start) AS half, max(arrived_at - interval_start) AS most
FROM readings_current
WHERE interval_start >= '2026-05-04 00:00:00' AND interval_start < '2026-05-05 00:00:00'
    AND parameter = 'TEMPERATURE'
GROUP BY source_id ORDER BY most DESC;

-- lost-time | analyst | hours that did not count, by quality code and parameter, of the nation
SELECT code, parameter, sum(seconds) / 3600 AS hours
FROM means_current
ARRAY JOIN mapKeys(seconds_by_code) AS code, mapValues(seconds_by_code) AS seconds
WHERE window = 'day' AND unit != 'g/s'
GROUP BY code, parameter ORDER BY hours DESC;

-- load-curve | analyst | the usual SO2 by hour of the day (UTC) over every source, from the minutes
SELECT toHour(interval_start) AS hour, count() AS readings, avg(value) AS mean, quantile(0.95)(value) AS high
FROM readings_current
WHERE parameter = 'SO2' AND quality = ''
    AND interval_start >= '2026-05-04 00:00:00' AND interval_start < '2026-05-11 00:00:00'
GROUP BY hour ORDER BY hour;

-- silent-sources | citizen | which plants did not show their data, worst first
SELECT a.month AS month, e.name_ru AS name, a.source_id AS source_id, a.transmitted_share AS share
FROM availability AS a
INNER JOIN registry_current AS r ON r.source_id = a.source_id
INNER JOIN enterprises_current AS e ON e.bin = r.bin
ORDER BY share LIMIT 50;

-- my-town | citizen | what the plants of a region put into the air now, beside their limits
SELECT l.name_ru AS name, l.source_id AS source_id, l.parameter AS parameter, l.start AS start, l.value AS value, l.limit AS limit
FROM latest_means AS l INNER JOIN enterprises_current AS e ON e.bin = l.bin
WHERE l.window = '20min' AND l.limit IS NOT NULL AND e.region = 'KZ-55'
ORDER BY value / limit DESC;
