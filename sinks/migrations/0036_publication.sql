-- What the public may see, decided as emissions/publication does: a test compares the two. The views
-- public_* run with the rights of whoever migrated (SQL SECURITY DEFINER), so their readers need no
-- table of names beneath them, and none of them gives an id from which a name could be computed
-- before its time: the id of a violation is a hash of its rule, source, parameter and start.
CREATE TABLE IF NOT EXISTS publication_policy
(
    revision UInt32 COMMENT 'Counts what was set, from 1',
    names LowCardinality(String) COMMENT 'AFTER_APPEAL, FINAL_DECISIONS_ONLY or NOBODY',
    held Bool COMMENT 'true: the views public_* show nothing',
    set_by String COMMENT 'Who set it',
    reason String COMMENT 'Why, in their words; empty: not told',
    set_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When, UTC, by the clock of the server',
    id UUID DEFAULT generateUUIDv4() COMMENT 'Tells two apart that were set at once'
)
ENGINE = ReplacingMergeTree
ORDER BY (revision, set_at, id)
COMMENT 'Every setting of what the public sees; the last one is in force';

CREATE OR REPLACE VIEW publication_policy_current AS
SELECT
    last.1 AS revision,
    if(last.1 = 0, 'AFTER_APPEAL', CAST(last.2, 'String')) AS names,
    last.3 AS held,
    last.4 AS set_by,
    last.5 AS reason,
    if(last.1 = 0, NULL, last.6) AS set_at
FROM
(
    SELECT argMax((revision, names, held, set_by, reason, set_at), (revision, set_at, id)) AS last
    FROM publication_policy
)
COMMENT 'What the authority has set last; where nothing was set, names come after the term of appeal';

ALTER TABLE publication_policy_current
    COMMENT COLUMN `revision` 'Number of the setting; 0: none was ever set',
    COMMENT COLUMN `names` 'AFTER_APPEAL, FINAL_DECISIONS_ONLY or NOBODY',
    COMMENT COLUMN `held` 'true: the views public_* show nothing',
    COMMENT COLUMN `set_by` 'Who set it; empty: nobody',
    COMMENT COLUMN `reason` 'Why, in their words; empty: not told',
    COMMENT COLUMN `set_at` 'When, UTC; null: none was ever set';

CREATE OR REPLACE VIEW publication_day AS
SELECT toDate32(now('Asia/Almaty')) AS day
COMMENT 'The local day by which terms of appeal are over';

ALTER TABLE publication_day
    COMMENT COLUMN `day` 'Today on the clock of Asia/Almaty';

CREATE TABLE IF NOT EXISTS access_records
(
    id UUID COMMENT 'Identity of the record',
    at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When, UTC, by the clock of the server',
    who String COMMENT 'Who looked, as they signed in',
    role LowCardinality(String) COMMENT 'OPERATOR, INSPECTOR or AUTHORITY',
    kind LowCardinality(String) COMMENT 'Kind of record that was looked at, such as RAW_READING',
    query LowCardinality(String) COMMENT 'Kind of the question, such as page, api or export',
    what String COMMENT 'What was asked for, such as a source and an interval',
    bins Array(String) COMMENT 'БИНs of the enterprises that it was about; none: not told'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYear(at)
ORDER BY (at, id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Looks at data that is not public; rows are added and never changed, and do not expire';

CREATE OR REPLACE VIEW case_publication AS
WITH
    (SELECT day FROM publication_day) AS today,
    (SELECT names FROM publication_policy_current) AS names,
    (SELECT held FROM publication_policy_current) AS held,
    latest AS
    (
        SELECT
            id,
            state,
            track,
            act,
            bin,
            region,
            violations,
            absorbed,
            ifNull(nullIf(joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''), 'Asia/Almaty') AS zone,
            toDate32OrNull(ifNull(due['appeal_until'], '')) AS case_appeal_until
        FROM cases FINAL
        WHERE (id, revision) IN (SELECT id, max(revision) FROM cases GROUP BY id)
    ),
    (SELECT groupArray(day) FROM official_days FINAL WHERE NOT working) AS off,
    (SELECT groupArray(day) FROM official_days FINAL WHERE working) AS worked,
    told AS
    (
        SELECT
            c.id AS id,
            m.kind AS kind,
            m.imposed_on AS imposed_on,
            m.overturned_on AS overturned_on,
            ifNull(m.amount_kzt, 0) AS amount_kzt,
            if(m.kind = 'DELIVERED', toDate32(formatDateTime(m.delivered_at, '%F', c.zone)), NULL) AS delivered_on,
            ifNull(delivered_on <= today, false) AS is_delivery,
            ((m.kind = 'FINE' OR (m.kind = 'DECIDED' AND amount_kzt > 0)) AND ifNull(m.imposed_on <= today, true)) AS is_sanction,
            arrayFilter(
                number -> has(worked, addDays(assumeNotNull(delivered_on), number))
                    OR (toDayOfWeek(addDays(assumeNotNull(delivered_on), number)) < 6 AND NOT has(off, addDays(assumeNotNull(delivered_on), number))),
                range(1, if(is_delivery, 91, 1))
            ) AS working,
            -- A calendar without ten working days in three months is wrong: nobody is named by it.
            addDays(assumeNotNull(delivered_on), if(length(working) < 15, 36500, working[10])) AS appeal_until,
            addDays(assumeNotNull(delivered_on), if(length(working) < 15, 36500, working[15])) AS decided_until
        FROM measures_current AS m
        INNER JOIN latest AS c ON toString(c.id) = m.case_id
        -- What holds a name back counts by its case alone: a mistyped БИН must not name anybody.
        WHERE c.bin = m.bin OR m.kind = 'APPEALED' OR m.overturned_on IS NOT NULL
    ),
    summed AS
    (
        SELECT
            id,
            countIf(overturned_on IS NOT NULL AND kind IN ('FINE', 'SENT', 'DELIVERED', 'PAID', 'DECIDED')) > 0 AS overturned,
            countIf(is_sanction) > 0 AS sanctioned,
            countIf(is_sanction AND imposed_on IS NULL) > 0 AS undated,
            maxIf(imposed_on, is_sanction) AS newest,
            countIf(kind = 'PAID') > 0 AS paid,
            countIf(is_delivery) > 0 AS delivered,
            maxIf(delivered_on, is_delivery) AS last_delivery,
            maxIf(appeal_until, is_delivery) AS delivery_appeal_until,
            maxIf(decided_until, is_delivery) AS delivery_decided_until,
            groupArrayIf(ifNull(imposed_on, toDate32('2299-12-31')), kind = 'APPEALED' AND ifNull(overturned_on > today, true)) AS appeals,
            groupArrayIf((assumeNotNull(imposed_on), amount_kzt > 0), kind = 'DECIDED' AND ifNull(imposed_on <= today, false)) AS decisions,
            arrayExists(appeal -> NOT arrayExists(decision -> decision.1 > appeal, decisions), appeals) AS appeal_pending,
            arrayExists(appeal -> NOT arrayExists(decision -> decision.1 > appeal AND decision.2, decisions), appeals) AS outcome_unknown
        FROM told
        GROUP BY id
    )
SELECT
    c.id AS id,
    c.bin AS bin,
    c.region AS region,
    c.state AS state,
    c.violations AS violations,
    c.absorbed AS absorbed,
    c.track = 'PRESCRIPTION' AND c.act = 'KoAP' AND NOT s.sanctioned AS own_paper,
    own_paper AND names = 'FINAL_DECISIONS_ONLY' AS deemed,
    greatest(
        s.delivery_appeal_until,
        ifNull(c.case_appeal_until, s.delivery_appeal_until),
        if(deemed, s.delivery_decided_until, s.delivery_appeal_until)
    ) AS last_day,
    multiIf(
        held, 'PUBLICATION_HELD',
        c.bin IN (SELECT bin FROM enterprises_current WHERE test), 'TEST_STREAM',
        names NOT IN ('AFTER_APPEAL', 'FINAL_DECISIONS_ONLY'), 'NAMES_SWITCHED_OFF',
        c.state = 'WITHDRAWN', 'WITHDRAWN',
        s.overturned, 'OVERTURNED',
        c.state = 'DEFERRED', 'DEFERRED',
        c.state NOT IN ('OPEN', 'REVIEW', 'CLOSED'), 'NO_DECISION',
        s.appeal_pending, 'APPEAL_PENDING',
        s.outcome_unknown, 'OUTCOME_UNKNOWN',
        own_paper AND c.state = 'REVIEW', 'UNDER_REVIEW',
        NOT s.sanctioned AND NOT (own_paper AND (c.state != 'CLOSED' OR s.paid)), 'NO_DECISION',
        NOT s.delivered OR s.undated OR ifNull(s.newest > s.last_delivery, false), 'NOT_DELIVERED',
        today <= last_day, 'TERM_RUNS',
        s.sanctioned OR deemed, 'DECISION_FINAL',
        'APPEAL_OVER'
    ) AS reason,
    multiIf(
        reason IN ('PUBLICATION_HELD', 'TEST_STREAM'), 'HIDE',
        reason IN ('APPEAL_OVER', 'DECISION_FINAL'), 'SHOW',
        'COUNT'
    ) AS visibility,
    if(reason IN ('TERM_RUNS', 'APPEAL_OVER', 'DECISION_FINAL'), addDays(last_day, 1), NULL) AS shown_from
FROM latest AS c
LEFT JOIN summed AS s ON s.id = c.id
COMMENT 'How much the public sees of each case today, and why; for officials, it has names';

ALTER TABLE case_publication
    COMMENT COLUMN `id` 'Case',
    COMMENT COLUMN `bin` 'БИН of the enterprise',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `state` 'OPEN, REVIEW, DEFERRED, WITHDRAWN or CLOSED',
    COMMENT COLUMN `violations` 'Violations of the case',
    COMMENT COLUMN `absorbed` 'Violations that lie wholly in one of them',
    COMMENT COLUMN `own_paper` 'The prescription itself is the decision: no fine and no decision with an amount was told',
    COMMENT COLUMN `deemed` 'It has to be deemed decided first (КоАП 817, 821)',
    COMMENT COLUMN `last_day` 'Last local day of the terms; it means nothing where none runs',
    COMMENT COLUMN `reason` 'Why the public sees so much, as in emissions.publication',
    COMMENT COLUMN `visibility` 'SHOW (with names), COUNT (counted without names) or HIDE',
    COMMENT COLUMN `shown_from` 'First local day with names if nothing more happens; null: not known';

CREATE OR REPLACE VIEW violation_publication AS
WITH
    (SELECT held FROM publication_policy_current) AS held,
    of_cases AS
    (
        SELECT
            arrayJoin(arrayConcat(violations, absorbed)) AS violation,
            arraySort(groupArray((toString(id), visibility, reason, shown_from))) AS cases
        FROM case_publication
        GROUP BY violation
    )
SELECT
    v.id AS id,
    v.bin AS bin,
    v.region AS region,
    v.rule AS rule,
    v.status AS status,
    v.start AS start,
    arrayFilter(each -> each.2 != 'SHOW', c.cases) AS waiting,
    arrayFilter(each -> each.4 IS NULL, waiting) AS never,
    multiIf(notEmpty(never), never, notEmpty(waiting), waiting, c.cases) AS deciding,
    arrayFirst(each -> ifNull(each.4, toDate32('2299-12-31')) = arrayMax(one -> ifNull(one.4, toDate32('2299-12-31')), deciding), deciding) AS decision,
    multiIf(
        held, 'PUBLICATION_HELD',
        v.bin IN (SELECT bin FROM enterprises_current WHERE test), 'TEST_STREAM',
        v.status = 'WITHDRAWN', 'WITHDRAWN',
        empty(c.cases), 'NOT_IN_A_CASE',
        decision.3
    ) AS reason,
    multiIf(
        reason IN ('PUBLICATION_HELD', 'TEST_STREAM'), 'HIDE',
        reason IN ('APPEAL_OVER', 'DECISION_FINAL'), 'SHOW',
        'COUNT'
    ) AS visibility,
    if(reason IN ('TERM_RUNS', 'APPEAL_OVER', 'DECISION_FINAL'), decision.4, NULL) AS shown_from,
    if(visibility = 'SHOW', decision.1, '') AS case_id
FROM (SELECT id, bin, region, rule, status, start FROM violations FINAL) AS v
LEFT JOIN of_cases AS c ON c.violation = v.id
COMMENT 'How much the public sees of each violation today, and why; for officials, it has names';

ALTER TABLE violation_publication
    COMMENT COLUMN `id` 'Violation',
    COMMENT COLUMN `bin` 'БИН of the enterprise',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `rule` 'Code of the rule, such as KZ-DAY',
    COMMENT COLUMN `status` 'OPEN, AMENDED (still open), CLOSED or WITHDRAWN',
    COMMENT COLUMN `start` 'Start, UTC',
    COMMENT COLUMN `waiting` 'Its cases that name nobody yet: id, visibility, reason, shown_from',
    COMMENT COLUMN `never` 'Of them those of which no day is known',
    COMMENT COLUMN `deciding` 'Those by which it is decided',
    COMMENT COLUMN `decision` 'The one by which it is decided',
    COMMENT COLUMN `reason` 'Why the public sees so much, as in emissions.publication',
    COMMENT COLUMN `visibility` 'SHOW (with names), COUNT (counted without names) or HIDE',
    COMMENT COLUMN `shown_from` 'First local day with names if nothing more happens; null: not known',
    COMMENT COLUMN `case_id` 'Case by which it is shown; empty: it is not';

CREATE OR REPLACE VIEW public_cases
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (SELECT day FROM publication_day) AS today,
    sanctions AS
    (
        SELECT
            case_id,
            bin,
            argMax((assumeNotNull(imposed_on), amount_kzt), (imposed_on, arrived_at, id)) AS last
        FROM measures_current
        WHERE (kind = 'FINE' OR (kind = 'DECIDED' AND amount_kzt > 0))
            AND imposed_on IS NOT NULL AND imposed_on <= today
        GROUP BY case_id, bin
    )
SELECT
    c.id AS id,
    c.revision AS revision,
    c.state AS state,
    c.track AS track,
    c.act AS act,
    c.article AS article,
    c.part AS part,
    c.bin AS bin,
    c.enterprise['ru'] AS name_ru,
    c.enterprise['kk'] AS name_kk,
    c.enterprise['en'] AS name_en,
    c.region AS region,
    c.region_name_ru AS region_name_ru,
    c.region_name_kk AS region_name_kk,
    c.region_name_en AS region_name_en,
    c.category AS category,
    c.source_id AS source_id,
    c.start AS start,
    c.end AS end,
    c.start_local AS start_local,
    c.end_local AS end_local,
    c.violations AS violations,
    c.absorbed AS absorbed,
    c.excess_mass_t AS excess_mass_t,
    if(s.case_id = '', NULL, s.last.1) AS sanction_on,
    if(s.case_id = '', NULL, s.last.2) AS sanction_kzt,
    p.reason AS reason,
    assumeNotNull(p.shown_from) AS shown_from
FROM cases_current AS c
INNER JOIN (SELECT id, reason, shown_from FROM case_publication WHERE visibility = 'SHOW') AS p ON p.id = c.id
LEFT JOIN sanctions AS s ON s.case_id = toString(c.id) AND s.bin = c.bin
COMMENT 'Cases whose enterprise may be named: the term of appeal is over, or the decision is in force';

ALTER TABLE public_cases
    COMMENT COLUMN `id` 'Case',
    COMMENT COLUMN `revision` 'Counts its changes, from 1',
    COMMENT COLUMN `state` 'OPEN, REVIEW or CLOSED',
    COMMENT COLUMN `track` 'PRESCRIPTION (a fine without a court), COURT or INSPECTION',
    COMMENT COLUMN `act` 'KoAP or ORDER-208',
    COMMENT COLUMN `article` 'Article of the act, or point of the Order',
    COMMENT COLUMN `part` 'Part of the article; empty: it has none',
    COMMENT COLUMN `bin` 'БИН of the enterprise',
    COMMENT COLUMN `name_ru` 'Its name in Russian',
    COMMENT COLUMN `name_kk` 'Its name in Kazakh',
    COMMENT COLUMN `name_en` 'Its name in English',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `region_name_ru` 'Name of the region in Russian',
    COMMENT COLUMN `region_name_kk` 'Name of the region in Kazakh',
    COMMENT COLUMN `region_name_en` 'Name of the region in English',
    COMMENT COLUMN `category` 'Category of the facility, 1 to 4',
    COMMENT COLUMN `source_id` 'Source; empty: the enterprise as a whole',
    COMMENT COLUMN `start` 'Start of its first violation, UTC',
    COMMENT COLUMN `end` 'End of its last violation, UTC; null: it lasts',
    COMMENT COLUMN `start_local` 'start on the clock of the source, text',
    COMMENT COLUMN `end_local` 'end there, text; null: it lasts',
    COMMENT COLUMN `violations` 'Its violations, in public_violations',
    COMMENT COLUMN `absorbed` 'Violations that lie wholly in one of them',
    COMMENT COLUMN `excess_mass_t` 'Parameter to the mass above the norm, t; null: not measured',
    COMMENT COLUMN `sanction_on` 'Day of the last fine or decision with an amount; null: none was told, the prescription itself is the decision',
    COMMENT COLUMN `sanction_kzt` 'Its amount, tenge; null: none was told (an estimate is not published)',
    COMMENT COLUMN `reason` 'APPEAL_OVER or DECISION_FINAL',
    COMMENT COLUMN `shown_from` 'Local day from which it is shown';

CREATE OR REPLACE VIEW public_violations
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    v.id AS id,
    v.revision AS revision,
    v.status AS status,
    v.rule AS rule,
    v.rule_title_ru AS rule_title_ru,
    v.rule_title_kk AS rule_title_kk,
    v.rule_title_en AS rule_title_en,
    v.rule_set AS rule_set,
    v.track AS track,
    v.bin AS bin,
    v.enterprise['ru'] AS name_ru,
    v.enterprise['kk'] AS name_kk,
    v.enterprise['en'] AS name_en,
    v.region AS region,
    v.category AS category,
    v.source_id AS source_id,
    v.parameter AS parameter,
    v.unit AS unit,
    v.start AS start,
    v.end AS end,
    v.start_local AS start_local,
    v.end_local AS end_local,
    v.day AS day,
    v.value AS value,
    v.validated_value AS validated_value,
    v.limit AS limit,
    v.ratio AS ratio,
    v.excess_mass_t AS excess_mass_t,
    p.case_id AS case_id,
    p.reason AS reason,
    assumeNotNull(p.shown_from) AS shown_from
FROM violations_current AS v
INNER JOIN (SELECT id, case_id, reason, shown_from FROM violation_publication WHERE visibility = 'SHOW') AS p ON p.id = v.id
COMMENT 'Violations whose enterprise may be named, as their cases in public_cases';

ALTER TABLE public_violations
    COMMENT COLUMN `id` 'Violation',
    COMMENT COLUMN `revision` 'Counts the changes in the log, from 1',
    COMMENT COLUMN `status` 'OPEN, AMENDED (still open) or CLOSED',
    COMMENT COLUMN `rule` 'Code of the rule, such as KZ-DAY',
    COMMENT COLUMN `rule_title_ru` 'Title of the rule in Russian',
    COMMENT COLUMN `rule_title_kk` 'Title of the rule in Kazakh',
    COMMENT COLUMN `rule_title_en` 'Title of the rule in English',
    COMMENT COLUMN `rule_set` 'Version of the rule set',
    COMMENT COLUMN `track` 'PRESCRIPTION (a fine without a court), COURT or INSPECTION',
    COMMENT COLUMN `bin` 'БИН of the enterprise',
    COMMENT COLUMN `name_ru` 'Its name in Russian',
    COMMENT COLUMN `name_kk` 'Its name in Kazakh',
    COMMENT COLUMN `name_en` 'Its name in English',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `category` 'Category of the facility, 1 to 4',
    COMMENT COLUMN `source_id` 'Source; empty: the enterprise as a whole',
    COMMENT COLUMN `parameter` 'Parameter; empty: does not apply',
    COMMENT COLUMN `unit` 'Unit of value and limit; empty: there are none',
    COMMENT COLUMN `start` 'Start, UTC',
    COMMENT COLUMN `end` 'End, UTC; null: it lasts',
    COMMENT COLUMN `start_local` 'start on the clock of the source, text',
    COMMENT COLUMN `end_local` 'end there, text; null: it lasts',
    COMMENT COLUMN `day` 'Date of the start there',
    COMMENT COLUMN `value` 'What was compared with the limit',
    COMMENT COLUMN `validated_value` 'value less the confidence interval; null: none applies',
    COMMENT COLUMN `limit` 'The limit',
    COMMENT COLUMN `ratio` 'value / limit',
    COMMENT COLUMN `excess_mass_t` 'Mass above the norm, t; null: no mass flow was measured',
    COMMENT COLUMN `case_id` 'Its case in public_cases',
    COMMENT COLUMN `reason` 'APPEAL_OVER or DECISION_FINAL',
    COMMENT COLUMN `shown_from` 'Local day from which it is shown';

CREATE OR REPLACE VIEW public_violation_revisions
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    id,
    revision,
    status,
    value,
    validated_value,
    limit,
    end,
    excess_mass_t,
    detected_at,
    detected_local
FROM violation_history
WHERE id IN (SELECT id FROM violation_publication WHERE visibility = 'SHOW')
COMMENT 'Every revision of the violations in public_violations';

ALTER TABLE public_violation_revisions
    COMMENT COLUMN `id` 'Violation',
    COMMENT COLUMN `revision` 'Counts the changes in the log, from 1; numbers may be missing',
    COMMENT COLUMN `status` 'OPEN, AMENDED (still open), CLOSED or WITHDRAWN',
    COMMENT COLUMN `value` 'What was compared with the limit',
    COMMENT COLUMN `validated_value` 'value less the confidence interval; null: none applies',
    COMMENT COLUMN `limit` 'The limit',
    COMMENT COLUMN `end` 'End, UTC; null: it lasted when this was said',
    COMMENT COLUMN `excess_mass_t` 'Mass above the norm, t; null: no mass flow was measured',
    COMMENT COLUMN `detected_at` 'Stream time of this revision, UTC',
    COMMENT COLUMN `detected_local` 'detected_at on the clock of the source, text';

-- Statistical cell suppression, as emissions/publication/counts.py does it. The smallest regions come
-- first in the order, so what stands before a region is what is pooled already.
CREATE OR REPLACE VIEW counted_regions AS
SELECT
    region,
    enterprises,
    if(enterprises < 3 OR (min(enterprises) OVER () < 3 AND before < 3), '', region) AS counted_as,
    ifNull(sum(enterprises) OVER (ORDER BY enterprises, region ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before,
    sum(enterprises) OVER () >= 3 AS large_enough
FROM
(
    SELECT region, uniqExactIf(bin, bin != '') AS enterprises
    FROM
    (
        SELECT CAST(region, 'String') AS region, CAST(bin, 'String') AS bin FROM enterprises_current WHERE NOT test
        UNION ALL
        SELECT DISTINCT CAST(region, 'String') AS region, '' AS bin FROM cases
        UNION ALL
        SELECT DISTINCT CAST(region, 'String') AS region, '' AS bin FROM violations
    )
    GROUP BY region
)
COMMENT 'Which regions are counted by themselves, and which together because they have too few enterprises';

ALTER TABLE counted_regions
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `enterprises` 'Enterprises registered there, without test streams',
    COMMENT COLUMN `counted_as` 'The region; empty: it is counted together with others',
    COMMENT COLUMN `before` 'Enterprises of the regions that are smaller',
    COMMENT COLUMN `large_enough` 'The nation has enough enterprises for anything to be counted';

CREATE OR REPLACE VIEW public_case_counts
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    r.counted_as AS region,
    c.track AS track,
    c.act AS act,
    c.article AS article,
    c.part AS part,
    c.state AS state,
    count() AS cases,
    countIf(p.visibility = 'SHOW') AS named
FROM (SELECT * FROM cases FINAL WHERE (id, revision) IN (SELECT id, max(revision) FROM cases GROUP BY id)) AS c
INNER JOIN case_publication AS p ON p.id = c.id
INNER JOIN counted_regions AS r ON r.region = CAST(c.region, 'String')
WHERE p.visibility != 'HIDE' AND r.large_enough
GROUP BY region, track, act, article, part, state
COMMENT 'All cases, counted without names; regions with fewer than three enterprises are counted together';

ALTER TABLE public_case_counts
    COMMENT COLUMN `region` 'ISO 3166-2:KZ; empty: several regions with too few enterprises',
    COMMENT COLUMN `track` 'PRESCRIPTION (a fine without a court), COURT or INSPECTION',
    COMMENT COLUMN `act` 'KoAP or ORDER-208',
    COMMENT COLUMN `article` 'Article of the act, or point of the Order',
    COMMENT COLUMN `part` 'Part of the article; empty: it has none',
    COMMENT COLUMN `state` 'OPEN, REVIEW, DEFERRED, WITHDRAWN or CLOSED',
    COMMENT COLUMN `cases` 'Cases, those with names among them',
    COMMENT COLUMN `named` 'Of them those in public_cases';

CREATE OR REPLACE VIEW public_violation_counts
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    r.counted_as AS region,
    v.rule AS rule,
    toYear(toTimeZone(v.start, 'Asia/Almaty')) AS year,
    v.status = 'WITHDRAWN' AS withdrawn,
    count() AS violations,
    countIf(v.visibility = 'SHOW') AS named
FROM violation_publication AS v
INNER JOIN counted_regions AS r ON r.region = CAST(v.region, 'String')
WHERE v.visibility != 'HIDE' AND r.large_enough
GROUP BY region, rule, year, withdrawn
COMMENT 'All violations, counted without names; regions with fewer than three enterprises are counted together';

ALTER TABLE public_violation_counts
    COMMENT COLUMN `region` 'ISO 3166-2:KZ; empty: several regions with too few enterprises',
    COMMENT COLUMN `rule` 'Code of the rule, such as KZ-DAY',
    COMMENT COLUMN `year` 'Year of the start, Almaty calendar',
    COMMENT COLUMN `withdrawn` 'They do not stand',
    COMMENT COLUMN `violations` 'Violations, those with names among them',
    COMMENT COLUMN `named` 'Of them those in public_violations';

-- What follows is open at once: it says nothing of a violation. How many withdrawn violations an
-- operator's notices excused is left out: a withdrawn violation names nobody.
CREATE OR REPLACE VIEW public_excuses
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    e.bin AS bin,
    o.name_ru AS name_ru,
    o.name_kk AS name_kk,
    o.name_en AS name_en,
    o.region AS region,
    e.kind AS kind,
    e.notices AS notices,
    e.in_time AS in_time,
    e.late AS late,
    e.contradicted AS contradicted,
    e.after_the_fact AS after_the_fact,
    e.share_after_the_fact AS share_after_the_fact,
    e.median_delay_s AS median_delay_s,
    e.max_delay_s AS max_delay_s
FROM excuses_after_the_fact AS e
INNER JOIN enterprises_current AS o ON o.bin = e.bin
WHERE NOT o.test AND NOT (SELECT held FROM publication_policy_current)
COMMENT 'How often each operator told of an outage, or marked readings, after the value was there';

ALTER TABLE public_excuses
    COMMENT COLUMN `bin` 'БИН of the operator',
    COMMENT COLUMN `name_ru` 'Its name in Russian',
    COMMENT COLUMN `name_kk` 'Its name in Kazakh',
    COMMENT COLUMN `name_en` 'Its name in English',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `kind` 'PLANNED_OUTAGE, UNPLANNED_OUTAGE or MARK',
    COMMENT COLUMN `notices` 'Notices of the kind, whatever was made of them, but those refused',
    COMMENT COLUMN `in_time` 'Of them those in their term, or in it and pending',
    COMMENT COLUMN `late` 'Of them those that were late, wholly or for some of their readings',
    COMMENT COLUMN `contradicted` 'Of them marks that the data deny',
    COMMENT COLUMN `after_the_fact` 'Of them those that arrived after their interval had begun',
    COMMENT COLUMN `share_after_the_fact` 'after_the_fact / notices',
    COMMENT COLUMN `median_delay_s` 'Median time from the start of the interval to the arrival of those, s; null: there are none',
    COMMENT COLUMN `max_delay_s` 'The longest of these times, s; null: there are none';

CREATE OR REPLACE VIEW public_availability
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    a.source_id AS source_id,
    s.bin AS bin,
    o.name_ru AS name_ru,
    o.name_kk AS name_kk,
    o.name_en AS name_en,
    o.region AS region,
    a.month AS month,
    a.observed_s AS observed_s,
    a.silent_s AS silent_s,
    a.transmitted_share AS transmitted_share,
    a.valid_share AS valid_share
FROM availability AS a
INNER JOIN registry_current AS s ON s.source_id = a.source_id
INNER JOIN enterprises_current AS o ON o.bin = s.bin
WHERE NOT o.test AND NOT (SELECT held FROM publication_policy_current)
COMMENT 'Share of the time each source transmitted, and of the due time its pollutants were valid, by month';

ALTER TABLE public_availability
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `bin` 'БИН of its enterprise',
    COMMENT COLUMN `name_ru` 'Name of the enterprise in Russian',
    COMMENT COLUMN `name_kk` 'Name of the enterprise in Kazakh',
    COMMENT COLUMN `name_en` 'Name of the enterprise in English',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `month` 'First day of the month, Almaty calendar',
    COMMENT COLUMN `observed_s` 'Seconds of the month in which the source was watched',
    COMMENT COLUMN `silent_s` 'Of them seconds in gaps of the whole source',
    COMMENT COLUMN `transmitted_share` '1 - silent_s / observed_s',
    COMMENT COLUMN `valid_share` 'Valid / due seconds of the 1-hour means of pollutants; null: nothing was due';

CREATE OR REPLACE VIEW public_transmission
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    month,
    rank() OVER (PARTITION BY month ORDER BY round(transmitted_share, 9) DESC) AS place,
    bin,
    name_ru,
    name_kk,
    name_en,
    region,
    sources,
    observed_s,
    silent_s,
    transmitted_share
FROM
(
    SELECT
        month,
        bin,
        any(name_ru) AS name_ru,
        any(name_kk) AS name_kk,
        any(name_en) AS name_en,
        any(region) AS region,
        count() AS sources,
        sum(a.observed_s) AS observed_s,
        sum(a.silent_s) AS silent_s,
        1 - sum(a.silent_s) / sum(a.observed_s) AS transmitted_share
    FROM public_availability AS a
    GROUP BY month, bin
)
COMMENT 'League table of transmission: enterprises by the share of the time that their sources transmitted';

ALTER TABLE public_transmission
    COMMENT COLUMN `month` 'First day of the month, Almaty calendar',
    COMMENT COLUMN `place` 'Place in the month, from 1; equal shares have the same',
    COMMENT COLUMN `bin` 'БИН of the enterprise',
    COMMENT COLUMN `name_ru` 'Its name in Russian',
    COMMENT COLUMN `name_kk` 'Its name in Kazakh',
    COMMENT COLUMN `name_en` 'Its name in English',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `sources` 'Its sources that were watched in the month',
    COMMENT COLUMN `observed_s` 'Seconds in which they were watched, summed',
    COMMENT COLUMN `silent_s` 'Of them seconds in gaps of a whole source',
    COMMENT COLUMN `transmitted_share` '1 - silent_s / observed_s';

CREATE OR REPLACE VIEW public_transmission_by_region
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    month,
    region,
    joinGet('regions', 'name_ru', CAST(region, 'String')) AS name_ru,
    joinGet('regions', 'name_kk', CAST(region, 'String')) AS name_kk,
    joinGet('regions', 'name_en', CAST(region, 'String')) AS name_en,
    uniqExact(bin) AS enterprises,
    count() AS sources,
    1 - sum(silent_s) / sum(observed_s) AS transmitted_share
FROM public_availability
GROUP BY month, region
COMMENT 'Share of the time that the sources of each region transmitted, by month';

ALTER TABLE public_transmission_by_region
    COMMENT COLUMN `month` 'First day of the month, Almaty calendar',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `name_ru` 'Name of the region in Russian',
    COMMENT COLUMN `name_kk` 'Name of the region in Kazakh',
    COMMENT COLUMN `name_en` 'Name of the region in English',
    COMMENT COLUMN `enterprises` 'Enterprises with a source that was watched',
    COMMENT COLUMN `sources` 'Sources that were watched',
    COMMENT COLUMN `transmitted_share` '1 - silent / observed seconds of all of them';

CREATE OR REPLACE VIEW public_year_mass
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    y.source_id AS source_id,
    y.parameter AS parameter,
    y.year AS year,
    y.observed_from AS observed_from,
    y.observed_until AS observed_until,
    y.valid_s AS valid_s,
    y.mass_t AS mass_t,
    y.limit AS limit,
    y.share AS share,
    y.reached_on AS reached_on
FROM year_mass AS y
INNER JOIN registry_current AS s ON s.source_id = y.source_id
INNER JOIN enterprises_current AS o ON o.bin = s.bin
WHERE NOT o.test AND NOT (SELECT held FROM publication_policy_current)
COMMENT 'Mass of each parameter in each year and its limit, as year_mass, without test streams';

ALTER TABLE public_year_mass
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `parameter` 'Parameter whose 1-hour mass flow is published',
    COMMENT COLUMN `year` 'Calendar year on the clock of the source',
    COMMENT COLUMN `observed_from` 'Start of the first hour with a valid mass flow, UTC: what came before is not known',
    COMMENT COLUMN `observed_until` 'End of the last such hour, UTC',
    COMMENT COLUMN `valid_s` 'Seconds of valid mass flow',
    COMMENT COLUMN `mass_t` 'Mass of the valid readings, t',
    COMMENT COLUMN `limit` 'Limit on the day of the last hour, t/a; null: none',
    COMMENT COLUMN `share` 'mass_t / limit',
    COMMENT COLUMN `reached_on` 'Date on which the mass reaches the limit at the mean rate so far; null: not in this year, or it is passed';

CREATE OR REPLACE VIEW public_revised_means
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    source_id,
    parameter,
    unit,
    window,
    start,
    start_local,
    revision,
    value,
    status
FROM means_current
WHERE revision > 1 AND NOT (SELECT held FROM publication_policy_current)
    AND source_id NOT IN (SELECT source_id FROM registry_current WHERE bin IN (SELECT bin FROM enterprises_current WHERE test))
COMMENT 'Means that late readings or marks have changed, with the last of their revisions';

ALTER TABLE public_revised_means
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `parameter` 'Parameter, such as SO2',
    COMMENT COLUMN `unit` 'Unit of value',
    COMMENT COLUMN `window` '20min, 30min, 1h or day',
    COMMENT COLUMN `start` 'Start of the window, UTC',
    COMMENT COLUMN `start_local` 'start on the clock of the source, text',
    COMMENT COLUMN `revision` '1 + what came after the window was closed',
    COMMENT COLUMN `value` 'Mean of the valid readings now; null: none is valid',
    COMMENT COLUMN `status` 'VALID, INSUFFICIENT or NOT_OPERATING';

CREATE OR REPLACE VIEW public_revised_gaps
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    source_id,
    parameter,
    start,
    end,
    revision,
    status
FROM gaps FINAL
WHERE revision > 1 AND NOT (SELECT held FROM publication_policy_current)
    AND source_id NOT IN (SELECT source_id FROM registry_current WHERE bin IN (SELECT bin FROM enterprises_current WHERE test))
COMMENT 'Gaps that have changed since they were opened, also those that were withdrawn';

ALTER TABLE public_revised_gaps
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `parameter` 'Parameter; empty: the whole source was silent',
    COMMENT COLUMN `start` 'Start, UTC',
    COMMENT COLUMN `end` 'End, UTC; null: open',
    COMMENT COLUMN `revision` 'Counts its changes, from 1',
    COMMENT COLUMN `status` 'OPEN, CLOSED or WITHDRAWN';
