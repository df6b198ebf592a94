-- Only a case of its own operator decides about a violation. Where a source goes over to another by a
-- correction of the registry, the case of the one before may still hold the violation: what was
-- decided against one operator names no other, and a test stream of one hides nothing of another.
CREATE OR REPLACE VIEW violation_publication AS
WITH
    (SELECT held FROM publication_policy_current) AS held,
    of_cases AS
    (
        SELECT
            bin,
            arrayJoin(arrayConcat(violations, absorbed)) AS violation,
            arraySort(groupArray((toString(id), visibility, reason, shown_from))) AS cases
        FROM case_publication
        GROUP BY violation, bin
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
LEFT JOIN of_cases AS c ON c.violation = v.id AND c.bin = v.bin
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
