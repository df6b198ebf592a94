-- A condition that somebody asks of a view is moved down to the rows beneath it, also where the view
-- runs with other rights: by an error (throwIf) or its time it would tell of rows that are not shown.
-- No condition is moved past a LIMIT, so each view that chooses among cases and violations has one,
-- far above what there can be.

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
LIMIT 1000000000
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
LIMIT 1000000000
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
LIMIT 1000000000
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

-- Statistical cell suppression, as pooled_cells of emissions/publication/counts.py does it. Whoever
-- knows of one enterprise in a region that fits, and finds one case there, knows whose it is: a count
-- keeps its region only with five cases or more that have no name yet. The rest is counted without a
-- region, and takes in the next smallest count where it is one to four itself.
CREATE OR REPLACE VIEW public_case_counts
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    if(counted = '' OR unnamed < 5 OR (before > 0 AND before < 5), '', counted) AS region,
    track,
    act,
    article,
    part,
    state,
    sum(of_cell) AS cases,
    sum(named_of_cell) AS named
FROM
(
    SELECT
        *,
        sum(unnamed) OVER
        (
            PARTITION BY track, act, article, part, state
            ORDER BY counted != '', unnamed, counted ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS before
    FROM
    (
        SELECT
            r.counted_as AS counted,
            c.track AS track,
            c.act AS act,
            c.article AS article,
            c.part AS part,
            c.state AS state,
            count() AS of_cell,
            countIf(p.visibility = 'SHOW') AS named_of_cell,
            countIf(p.visibility != 'SHOW') AS unnamed
        FROM (SELECT * FROM cases FINAL WHERE (id, revision) IN (SELECT id, max(revision) FROM cases GROUP BY id)) AS c
        INNER JOIN case_publication AS p ON p.id = c.id
        INNER JOIN counted_regions AS r ON r.region = CAST(c.region, 'String')
        WHERE p.visibility != 'HIDE' AND r.large_enough
        GROUP BY counted, track, act, article, part, state
    )
)
GROUP BY region, track, act, article, part, state
LIMIT 1000000000
COMMENT 'All cases, counted without names; without region where fewer than three enterprises or five cases without a name would be told apart';

ALTER TABLE public_case_counts
    COMMENT COLUMN `region` 'ISO 3166-2:KZ; empty: several regions, each with too few enterprises or too small a count',
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
    if(counted = '' OR unnamed < 5 OR (before > 0 AND before < 5), '', counted) AS region,
    rule,
    year,
    withdrawn,
    sum(of_cell) AS violations,
    sum(named_of_cell) AS named
FROM
(
    SELECT
        *,
        sum(unnamed) OVER
        (
            PARTITION BY rule, year, withdrawn
            ORDER BY counted != '', unnamed, counted ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS before
    FROM
    (
        SELECT
            r.counted_as AS counted,
            v.rule AS rule,
            toYear(toTimeZone(v.start, 'Asia/Almaty')) AS year,
            v.status = 'WITHDRAWN' AS withdrawn,
            count() AS of_cell,
            countIf(v.visibility = 'SHOW') AS named_of_cell,
            countIf(v.visibility != 'SHOW') AS unnamed
        FROM violation_publication AS v
        INNER JOIN counted_regions AS r ON r.region = CAST(v.region, 'String')
        WHERE v.visibility != 'HIDE' AND r.large_enough
        GROUP BY counted, rule, year, withdrawn
    )
)
GROUP BY region, rule, year, withdrawn
LIMIT 1000000000
COMMENT 'All violations, counted without names; without region where fewer than three enterprises or five violations without a name would be told apart';

ALTER TABLE public_violation_counts
    COMMENT COLUMN `region` 'ISO 3166-2:KZ; empty: several regions, each with too few enterprises or too small a count',
    COMMENT COLUMN `rule` 'Code of the rule, such as KZ-DAY',
    COMMENT COLUMN `year` 'Year of the start, Almaty calendar',
    COMMENT COLUMN `withdrawn` 'They do not stand',
    COMMENT COLUMN `violations` 'Violations, those with names among them',
    COMMENT COLUMN `named` 'Of them those in public_violations';
