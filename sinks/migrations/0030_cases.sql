-- Administrative cases, every revision of each, and what officials decided. A case is few, so no
-- second table keeps its history.
CREATE TABLE IF NOT EXISTS cases
(
    `id` UUID COMMENT 'Case',
    `revision` UInt32 COMMENT 'Counts the changes of this case, from 1',
    `state` LowCardinality(String) COMMENT 'OPEN, REVIEW, DEFERRED, WITHDRAWN or CLOSED',
    `reasons` Array(LowCardinality(String)) COMMENT 'Why a person must look',
    `track` LowCardinality(String) COMMENT 'What follows',
    `act` LowCardinality(String) COMMENT 'Act',
    `article` LowCardinality(String) COMMENT 'Article',
    `part` LowCardinality(String) COMMENT 'Part',
    `bin` LowCardinality(String) COMMENT 'БИН',
    `enterprise` Map(LowCardinality(String), String) COMMENT 'Names',
    `region` LowCardinality(String) COMMENT 'Region',
    `category` UInt8 COMMENT 'Category',
    `business_size` LowCardinality(String) COMMENT 'Size',
    `source_id` LowCardinality(String) COMMENT 'Source',
    `start` DateTime64(3, 'UTC') COMMENT 'Start',
    `end` Nullable(DateTime64(3, 'UTC')) COMMENT 'End',
    `violations` Array(UUID) COMMENT 'Violations',
    `absorbed` Array(UUID) COMMENT 'Absorbed',
    `items.violation` Array(UUID) COMMENT 'Violation',
    `items.rule` Array(String) COMMENT 'Rule',
    `items.parameter` Array(String) COMMENT 'Parameter',
    `items.unit` Array(String) COMMENT 'Unit',
    `items.start` Array(DateTime64(3, 'UTC')) COMMENT 'Start',
    `items.end` Array(Nullable(DateTime64(3, 'UTC'))) COMMENT 'End',
    `items.value` Array(Nullable(Float64)) COMMENT 'Value',
    `items.limit` Array(Nullable(Float64)) COMMENT 'Limit',
    `items.excess_mass_t` Array(Nullable(Float64)) COMMENT 'Mass',
    `items.device_serial` Array(String) COMMENT 'Device',
    `items.verification` Array(String) COMMENT 'Verification',
    `items.verification_until` Array(Nullable(DateTime64(3, 'UTC'))) COMMENT 'Its end',
    `excess_mass_t` Map(LowCardinality(String), Nullable(Float64)) COMMENT 'Mass',
    `measured_mass_t` Map(LowCardinality(String), Float64) COMMENT 'Measured mass',
    `fine_kzt` Nullable(Int64) COMMENT 'Estimate of the fine',
    `fine_missing` LowCardinality(String) COMMENT 'Why there is none',
    `fine_factors.parameter` Array(String) COMMENT 'Parameter',
    `fine_factors.substance` Array(String) COMMENT 'Substance',
    `fine_factors.tonnes` Array(Nullable(Float64)) COMMENT 'Mass',
    `fine_factors.rate_mci` Array(Nullable(Float64)) COMMENT 'Rate',
    `fine_factors.index_kzt` Array(UInt32) COMMENT 'МРП',
    `fine_factors.percent` Array(Nullable(UInt32)) COMMENT 'Percent',
    `fine_factors.mci` Array(Nullable(UInt32)) COMMENT 'МРП of the fine',
    `repeat_of` Array(String) COMMENT 'Fines',
    `systematic_with` Array(UUID) COMMENT 'Cases',
    `related` Array(UUID) COMMENT 'Cases',
    `deferred_until` Nullable(DateTime64(3, 'UTC')) COMMENT 'Deferred until',
    `detected_at` DateTime64(3, 'UTC') COMMENT 'Detection',
    `opened_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'Opening',
    `delivered_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'Delivery',
    `revised_at` DateTime64(3, 'UTC') COMMENT 'Revision',
    `due` Map(LowCardinality(String), Nullable(String)) COMMENT 'Terms',
    `rule_set` LowCardinality(String) COMMENT 'Rule set',
    `version` UInt64 COMMENT 'The revision'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (id, revision)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Administrative cases, every revision; read cases_current and case_history';

-- Days that are off or worked against the week: a day that is not here is worked from Monday to Friday.
CREATE TABLE IF NOT EXISTS official_days
(
    `day` Date32 COMMENT 'Local day',
    `working` Bool COMMENT 'true: a day of rest that is worked; false: a working day that is off'
)
ENGINE = ReplacingMergeTree
ORDER BY day
COMMENT 'Official days that differ from Monday to Friday worked, Saturday and Sunday off';

CREATE OR REPLACE VIEW cases_current AS
WITH
    arraySort(arrayFilter(
        told -> told.1 IS NOT NULL AND NOT (delivered_at IS NOT NULL AND told.2 IN ('prescription_by', 'protocol_by', 'letter_by')),
        arrayMap((term, day) -> (toDate32OrNull(ifNull(day, '')), CAST(term, 'String')), mapKeys(due), mapValues(due))
    )) AS terms
SELECT
    * EXCEPT (version),
    joinGet('regions', 'name_ru', CAST(region, 'String')) AS region_name_ru,
    joinGet('regions', 'name_kk', CAST(region, 'String')) AS region_name_kk,
    joinGet('regions', 'name_en', CAST(region, 'String')) AS region_name_en,
    ifNull(nullIf(joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''), 'Asia/Almaty') AS timezone,
    formatDateTime(start, '%F %T', timezone) AS start_local,
    formatDateTime(end, '%F %T', timezone) AS end_local,
    if(empty(terms) OR state IN ('CLOSED', 'DEFERRED'), NULL, terms[1].1) AS due_on,
    if(empty(terms) OR state IN ('CLOSED', 'DEFERRED'), '', terms[1].2) AS due_term
FROM cases FINAL
WHERE (id, revision) IN (SELECT id, max(revision) FROM cases GROUP BY id)
    AND state != 'WITHDRAWN'
COMMENT 'The last revision of every case that was not withdrawn, with the first of its dates';

CREATE OR REPLACE VIEW case_history AS
SELECT
    * EXCEPT (version),
    ifNull(nullIf(joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''), 'Asia/Almaty') AS timezone,
    formatDateTime(start, '%F %T', timezone) AS start_local,
    formatDateTime(end, '%F %T', timezone) AS end_local,
    formatDateTime(revised_at, '%F %T', timezone) AS revised_local
FROM cases FINAL
COMMENT 'Every revision of every case, withdrawals among them';

CREATE OR REPLACE VIEW cases_by_region AS
SELECT
    region,
    any(region_name_ru) AS name_ru,
    any(region_name_kk) AS name_kk,
    any(region_name_en) AS name_en,
    count() AS cases,
    countIf(state = 'OPEN') AS open,
    countIf(state = 'REVIEW') AS review,
    countIf(state = 'DEFERRED') AS deferred,
    countIf(state = 'CLOSED') AS closed,
    uniqExact(bin) AS enterprises,
    sum(fine_kzt) AS fines_kzt,
    min(due_on) AS first_due_on
FROM cases_current
GROUP BY region
COMMENT 'Cases of each region by state, with the sum of the estimated fines';

ALTER TABLE cases_by_region
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `name_ru` 'Name of the region in Russian',
    COMMENT COLUMN `name_kk` 'Name of the region in Kazakh',
    COMMENT COLUMN `name_en` 'Name of the region in English',
    COMMENT COLUMN `cases` 'Cases that were not withdrawn',
    COMMENT COLUMN `open` 'Of them those in which everything was automatic',
    COMMENT COLUMN `review` 'Of them those at which a person must look',
    COMMENT COLUMN `deferred` 'Of them those that a road map defers',
    COMMENT COLUMN `closed` 'Of them those that a measure closed',
    COMMENT COLUMN `enterprises` 'Enterprises that they are about',
    COMMENT COLUMN `fines_kzt` 'Sum of the estimated fines, tenge; null: no case has one',
    COMMENT COLUMN `first_due_on` 'The earliest of their dates; null: none has one';

CREATE OR REPLACE VIEW cases_by_track AS
SELECT
    track,
    act,
    article,
    part,
    count() AS cases,
    countIf(state = 'OPEN') AS open,
    countIf(state = 'REVIEW') AS review,
    countIf(state = 'DEFERRED') AS deferred,
    countIf(state = 'CLOSED') AS closed,
    uniqExact(bin) AS enterprises,
    sum(fine_kzt) AS fines_kzt,
    min(due_on) AS first_due_on
FROM cases_current
GROUP BY track, act, article, part
COMMENT 'Cases by what follows from them and by article, with the sum of the estimated fines';

ALTER TABLE cases_by_track
    COMMENT COLUMN `track` 'PRESCRIPTION (a fine without a court), COURT or INSPECTION',
    COMMENT COLUMN `act` 'KoAP or ORDER-208',
    COMMENT COLUMN `article` 'Article of the act, or point of the Order',
    COMMENT COLUMN `part` 'Part of the article; empty: it has none',
    COMMENT COLUMN `cases` 'Cases that were not withdrawn',
    COMMENT COLUMN `open` 'Of them those in which everything was automatic',
    COMMENT COLUMN `review` 'Of them those at which a person must look',
    COMMENT COLUMN `deferred` 'Of them those that a road map defers',
    COMMENT COLUMN `closed` 'Of them those that a measure closed',
    COMMENT COLUMN `enterprises` 'Enterprises that they are about',
    COMMENT COLUMN `fines_kzt` 'Sum of the estimated fines, tenge; null: no case has one',
    COMMENT COLUMN `first_due_on` 'The earliest of their dates; null: none has one';

CREATE OR REPLACE VIEW cases_by_due AS
SELECT
    due_on,
    due_term,
    region,
    count() AS cases,
    countIf(state = 'REVIEW') AS review,
    sum(fine_kzt) AS fines_kzt
FROM cases_current
WHERE due_on IS NOT NULL
GROUP BY due_on, due_term, region
COMMENT 'Open cases by the first of their dates';

ALTER TABLE cases_by_due
    COMMENT COLUMN `due_on` 'Last local day of the term',
    COMMENT COLUMN `due_term` 'Name of the term, such as prescription_by',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `cases` 'Open cases whose first date it is',
    COMMENT COLUMN `review` 'Of them those at which a person must look',
    COMMENT COLUMN `fines_kzt` 'Sum of the estimated fines, tenge; null: no case has one';

CREATE OR REPLACE VIEW case_work_list_on AS
WITH
    (SELECT groupArray(day) FROM official_days FINAL WHERE NOT working) AS off,
    (SELECT groupArray(day) FROM official_days FINAL WHERE working) AS worked,
    assumeNotNull(due_on) AS last_day,
    arrayCount(
        number -> has(worked, addDays(least(last_day, {today:Date32}), number))
            OR (toDayOfWeek(addDays(least(last_day, {today:Date32}), number)) < 6 AND NOT has(off, addDays(least(last_day, {today:Date32}), number))),
        range(1, 1 + toUInt32(abs(dateDiff('day', last_day, {today:Date32}))))
    ) AS days_between
SELECT
    id,
    state,
    track,
    article,
    part,
    region,
    bin,
    enterprise,
    source_id,
    last_day AS due_on,
    due_term,
    dateDiff('day', {today:Date32}, last_day) AS days_left,
    if(days_left < 0, -toInt32(days_between), toInt32(days_between)) AS working_days_left,
    reasons,
    fine_kzt,
    detected_at
FROM cases_current
WHERE cases_current.due_on IS NOT NULL
ORDER BY due_on, detected_at, id
COMMENT 'Open cases and those to review as of a day, the earliest date first: case_work_list_on(today = \'2026-06-01\'), columns as case_work_list';

-- The same as of today, in full: a view with a parameter is looked for in the asker's database.
CREATE OR REPLACE VIEW case_work_list AS
WITH
    (SELECT groupArray(day) FROM official_days FINAL WHERE NOT working) AS off,
    (SELECT groupArray(day) FROM official_days FINAL WHERE working) AS worked,
    assumeNotNull(due_on) AS last_day,
    arrayCount(
        number -> has(worked, addDays(least(last_day, toDate32(now('Asia/Almaty'))), number))
            OR (toDayOfWeek(addDays(least(last_day, toDate32(now('Asia/Almaty'))), number)) < 6 AND NOT has(off, addDays(least(last_day, toDate32(now('Asia/Almaty'))), number))),
        range(1, 1 + toUInt32(abs(dateDiff('day', last_day, toDate32(now('Asia/Almaty'))))))
    ) AS days_between
SELECT
    id,
    state,
    track,
    article,
    part,
    region,
    bin,
    enterprise,
    source_id,
    last_day AS due_on,
    due_term,
    dateDiff('day', toDate32(now('Asia/Almaty')), last_day) AS days_left,
    if(days_left < 0, -toInt32(days_between), toInt32(days_between)) AS working_days_left,
    reasons,
    fine_kzt,
    detected_at
FROM cases_current
WHERE cases_current.due_on IS NOT NULL
ORDER BY due_on, detected_at, id
COMMENT 'Open cases and those to review as of today in Asia/Almaty, the earliest date first';

ALTER TABLE case_work_list
    COMMENT COLUMN `id` 'Case',
    COMMENT COLUMN `state` 'OPEN or REVIEW',
    COMMENT COLUMN `track` 'PRESCRIPTION (a fine without a court), COURT or INSPECTION',
    COMMENT COLUMN `article` 'Article of the act, or point of the Order',
    COMMENT COLUMN `part` 'Part of the article; empty: it has none',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `bin` 'БИН of the enterprise',
    COMMENT COLUMN `enterprise` 'Language (ru, kk, en) to the name',
    COMMENT COLUMN `source_id` 'Source; empty: the enterprise as a whole',
    COMMENT COLUMN `due_on` 'Last local day of the first of its terms that runs',
    COMMENT COLUMN `due_term` 'Name of that term, such as prescription_by',
    COMMENT COLUMN `days_left` 'Days until then; negative: it is over',
    COMMENT COLUMN `working_days_left` 'Working days until then, by official_days; negative: that many have passed since',
    COMMENT COLUMN `reasons` 'Why a person must look; none: nobody must',
    COMMENT COLUMN `fine_kzt` 'Estimate of the fine, tenge; null: none',
    COMMENT COLUMN `detected_at` 'Earliest detection of its violations, UTC';
