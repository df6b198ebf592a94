-- Answers for inspectors and analysts.

-- Obliged: category I and a source of at least 500 t/a, or 50 MW on solid or liquid fuel, or
-- 500 MW on gas (Ecological Code 184, 186; specification 9, KZ-NOASM). Test streams are left out.
CREATE VIEW IF NOT EXISTS compliance AS
SELECT
    bin,
    name_ru,
    name_kk,
    name_en,
    region,
    category = 1 AND bin IN
    (
        SELECT bin
        FROM registry_current
        WHERE gross_t_a >= 500
            OR (fuel IN ('solid', 'liquid') AND thermal_mw >= 50)
            OR (fuel = 'gas' AND thermal_mw >= 500)
    ) AS obliged,
    installed_on IS NOT NULL AS installed,
    installed AND connected_on IS NOT NULL AS connected,
    NOT installed AND roadmap_until IS NOT NULL AS on_roadmap,
    roadmap_until
FROM enterprises_current
WHERE NOT test
COMMENT 'Duty and state of automatic monitoring, a row an enterprise';

-- In breach: KZ-NOASM that no road map defers, or KZ-NOLINK; with those connected and those on a
-- road map they make up the obliged.
CREATE VIEW IF NOT EXISTS compliance_by_region AS
SELECT
    c.region AS region,
    countIf(c.obliged) AS obliged,
    countIf(c.obliged AND c.installed) AS installed,
    countIf(c.obliged AND c.connected) AS connected,
    countIf(c.obliged AND c.on_roadmap) AS on_roadmap,
    countIf(c.obliged AND NOT c.connected AND NOT c.on_roadmap) AS in_breach
FROM compliance AS c
GROUP BY c.region
COMMENT 'Obliged enterprises of a region: with a system, connected, deferred by a road map, in breach';

CREATE VIEW IF NOT EXISTS compliance_nation AS
SELECT
    sum(r.obliged) AS obliged,
    sum(r.installed) AS installed,
    sum(r.connected) AS connected,
    sum(r.on_roadmap) AS on_roadmap,
    sum(r.in_breach) AS in_breach
FROM compliance_by_region AS r
COMMENT 'The nation: obliged, with a system, connected, deferred by a road map, in breach';

CREATE VIEW IF NOT EXISTS latest_means AS
SELECT
    m.source_id AS source_id,
    source.bin AS bin,
    owner.name_ru AS name_ru,
    m.parameter AS parameter,
    m.unit AS unit,
    m.window AS window,
    m.start AS start,
    m.value AS value,
    m.limit AS limit,
    m.value / m.limit AS ratio,
    m.status AS status
FROM
(
    SELECT source_id, parameter, unit, window, start, value, limit, status
    FROM means_current
    ORDER BY start DESC
    LIMIT 1 BY source_id, parameter, unit, window
) AS m
LEFT JOIN registry_current AS source ON source.source_id = m.source_id
LEFT JOIN enterprises_current AS owner ON owner.bin = source.bin
COMMENT 'The latest mean of every source, parameter, unit and window beside its limit';

CREATE VIEW IF NOT EXISTS violations_by_rule AS
SELECT
    v.rule AS rule,
    count() AS violations,
    countIf(v.status != 'CLOSED') AS open,
    countIf(v.automatic) AS automatic,
    uniqExact(v.bin) AS enterprises,
    uniqExactIf(v.source_id, v.source_id != '') AS sources,
    max(v.ratio) AS worst_ratio,
    min(v.start) AS first_start,
    max(v.start) AS last_start
FROM violations_current AS v
GROUP BY v.rule
COMMENT 'Violations in force by rule';

CREATE VIEW IF NOT EXISTS dead_letters_by_reason AS
SELECT
    d.topic AS topic,
    d.reason AS reason,
    count() AS messages,
    uniqExactIf(d.source_id, d.source_id != '') AS sources,
    min(d.timestamp) AS first_at,
    max(d.timestamp) AS last_at
FROM dead_letters_current AS d
GROUP BY d.topic, d.reason
COMMENT 'Messages that could not be used, by reason';
