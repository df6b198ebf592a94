-- What operators told, judged against its term and the data; and how often they told it after the fact.
CREATE TABLE IF NOT EXISTS notices
(
    notice_id String COMMENT 'Identity of the notice',
    revision UInt32 COMMENT 'Counts the changes of the verdict, from 1',
    verdict LowCardinality(String) COMMENT 'IN_TIME, LATE, PARTLY_LATE (a mark in time for its last readings alone), PENDING (a mark in time whose interval may still change), CONTRADICTED (a mark that the data deny), WITHDRAWN, or REFUSED (not of this operator or source)',
    detail String COMMENT 'A sentence for a person on why it is so',
    kind LowCardinality(String) COMMENT 'PLANNED_OUTAGE, UNPLANNED_OUTAGE, EXCEEDANCE or MARK',
    bin LowCardinality(String) COMMENT 'БИН of the operator, as the notice says',
    source_id LowCardinality(String) COMMENT 'Source, as the notice says',
    parameter LowCardinality(String) COMMENT 'Parameter of an exceedance or of the marked channel; empty: the whole source',
    start Nullable(DateTime64(3, 'UTC')) COMMENT 'Start of its interval, UTC; null: it only takes another back',
    end Nullable(DateTime64(3, 'UTC')) COMMENT 'End of its interval, UTC; null: it only takes another back',
    state LowCardinality(String) COMMENT 'State that a mark says; empty: none',
    flag LowCardinality(String) COMMENT 'Flag that a mark says; empty: none',
    reason_given String COMMENT 'Reason, in the operator\'s words',
    withdraws String COMMENT 'Notice that it takes back; empty: none',
    completes String COMMENT 'Notice of an unplanned outage whose form 1 it is; empty: none',
    withdrawn_by String COMMENT 'Notice that took it back in its term; empty: none did',
    form Map(LowCardinality(String), String) COMMENT 'Items of form 1 or form 2 that it gives, by the field of the notice',
    term LowCardinality(String) COMMENT 'Its term in words; empty: it has none',
    basis LowCardinality(String) COMMENT 'Act and point of the term; empty: it has none',
    due Nullable(DateTime64(3, 'UTC')) COMMENT 'Last instant of the term, of a mark that of its first reading, UTC; null: it has none',
    arrived_at DateTime64(3, 'UTC') COMMENT 'Arrival: timestamp of its record, UTC',
    decided_at DateTime64(3, 'UTC') COMMENT 'Stream time of this revision, UTC',
    version UInt64 COMMENT 'The last revision wins'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(arrived_at)
ORDER BY (source_id, notice_id, arrived_at)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What operators told, all revisions of the verdicts until merged; read notices_current';

CREATE OR REPLACE VIEW notices_current AS
SELECT
    * EXCEPT (version),
    ifNull(nullIf(joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''), 'Asia/Almaty') AS timezone,
    formatDateTime(start, '%F %T', timezone) AS start_local,
    formatDateTime(end, '%F %T', timezone) AS end_local,
    formatDateTime(due, '%F %T', timezone) AS due_local,
    formatDateTime(arrived_at, '%F %T', timezone) AS arrived_local,
    dateDiff('second', start, arrived_at) AS delay_s,
    ifNull(arrived_at > start, false) AS after_the_fact
FROM notices FINAL
COMMENT 'What operators told, each notice once with its last verdict';

ALTER TABLE notices_current
    COMMENT COLUMN `notice_id` 'Identity of the notice',
    COMMENT COLUMN `revision` 'Counts the changes of the verdict, from 1',
    COMMENT COLUMN `verdict` 'IN_TIME, LATE, PARTLY_LATE (a mark in time for its last readings alone), PENDING (a mark in time whose interval may still change), CONTRADICTED (a mark that the data deny), WITHDRAWN, or REFUSED (not of this operator or source)',
    COMMENT COLUMN `detail` 'A sentence for a person on why it is so',
    COMMENT COLUMN `kind` 'PLANNED_OUTAGE, UNPLANNED_OUTAGE, EXCEEDANCE or MARK',
    COMMENT COLUMN `bin` 'БИН of the operator, as the notice says',
    COMMENT COLUMN `source_id` 'Source, as the notice says',
    COMMENT COLUMN `parameter` 'Parameter of an exceedance or of the marked channel; empty: the whole source',
    COMMENT COLUMN `start` 'Start of its interval, UTC; null: it only takes another back',
    COMMENT COLUMN `end` 'End of its interval, UTC; null: it only takes another back',
    COMMENT COLUMN `state` 'State that a mark says; empty: none',
    COMMENT COLUMN `flag` 'Flag that a mark says; empty: none',
    COMMENT COLUMN `reason_given` 'Reason, in the operator\'s words',
    COMMENT COLUMN `withdraws` 'Notice that it takes back; empty: none',
    COMMENT COLUMN `completes` 'Notice of an unplanned outage whose form 1 it is; empty: none',
    COMMENT COLUMN `withdrawn_by` 'Notice that took it back in its term; empty: none did',
    COMMENT COLUMN `form` 'Items of form 1 or form 2 that it gives, by the field of the notice',
    COMMENT COLUMN `term` 'Its term in words; empty: it has none',
    COMMENT COLUMN `basis` 'Act and point of the term; empty: it has none',
    COMMENT COLUMN `due` 'Last instant of the term, of a mark that of its first reading, UTC; null: it has none',
    COMMENT COLUMN `arrived_at` 'Arrival: timestamp of its record, UTC',
    COMMENT COLUMN `decided_at` 'Stream time of this revision, UTC',
    COMMENT COLUMN `timezone` 'Clock of the source (IANA); Asia/Almaty where it is not registered',
    COMMENT COLUMN `start_local` 'start on the clock of the source, text',
    COMMENT COLUMN `end_local` 'end there, text; null: it only takes another back',
    COMMENT COLUMN `due_local` 'due there, text; null: it has no term',
    COMMENT COLUMN `arrived_local` 'arrived_at there, text',
    COMMENT COLUMN `delay_s` 'Seconds from the start of its interval to its arrival; negative: it came before; null: it only takes another back',
    COMMENT COLUMN `after_the_fact` 'It arrived after its interval had begun';

CREATE OR REPLACE VIEW excuses_after_the_fact AS
WITH excused AS
(
    SELECT notice.bin AS bin, notice.kind AS kind, uniqExact(violation.id) AS exceedances
    FROM
    (
        SELECT bin, kind, source_id, start, end, arrived_at
        FROM notices FINAL
        WHERE kind != 'EXCEEDANCE' AND verdict IN ('IN_TIME', 'PARTLY_LATE', 'PENDING')
    ) AS notice
    INNER JOIN
    (
        SELECT id, source_id, start, end, detected_at
        FROM violations FINAL
        WHERE status = 'WITHDRAWN' AND parameter != ''
    ) AS violation ON violation.source_id = notice.source_id
    WHERE violation.start < notice.end AND violation.end > notice.start
        AND violation.detected_at >= notice.arrived_at
    GROUP BY notice.bin, notice.kind
)
SELECT
    counted.bin AS bin,
    counted.kind AS kind,
    counted.notices AS notices,
    counted.in_time AS in_time,
    counted.late AS late,
    counted.contradicted AS contradicted,
    counted.after_the_fact AS after_the_fact,
    counted.after_the_fact / counted.notices AS share_after_the_fact,
    counted.median_delay_s AS median_delay_s,
    counted.max_delay_s AS max_delay_s,
    excused.exceedances AS exceedances_excused
FROM
(
    SELECT
        bin,
        kind,
        count() AS notices,
        countIf(verdict IN ('IN_TIME', 'PENDING')) AS in_time,
        countIf(verdict IN ('LATE', 'PARTLY_LATE')) AS late,
        countIf(verdict = 'CONTRADICTED') AS contradicted,
        countIf(was_after) AS after_the_fact,
        if(countIf(was_after) = 0, NULL, quantileExactInclusiveIf(0.5)(delay, was_after)) AS median_delay_s,
        if(countIf(was_after) = 0, NULL, maxIf(delay, was_after)) AS max_delay_s
    FROM
    (
        SELECT bin, kind, verdict, dateDiff('second', assumeNotNull(start), arrived_at) AS delay, assumeNotNull(arrived_at > start) AS was_after
        FROM notices FINAL
        WHERE kind != 'EXCEEDANCE' AND verdict != 'REFUSED' AND start IS NOT NULL
    )
    GROUP BY bin, kind
) AS counted
LEFT JOIN excused ON excused.bin = counted.bin AND excused.kind = counted.kind
COMMENT 'How often an operator told of an outage, or marked readings, after the value was there';

ALTER TABLE excuses_after_the_fact
    COMMENT COLUMN `bin` 'БИН of the operator',
    COMMENT COLUMN `kind` 'PLANNED_OUTAGE, UNPLANNED_OUTAGE or MARK',
    COMMENT COLUMN `notices` 'Notices of the kind, whatever was made of them, but those refused',
    COMMENT COLUMN `in_time` 'Of them those in their term, or in it and pending',
    COMMENT COLUMN `late` 'Of them those that were late, wholly or for some of their readings',
    COMMENT COLUMN `contradicted` 'Of them marks that the data deny',
    COMMENT COLUMN `after_the_fact` 'Of them those that arrived after their interval had begun',
    COMMENT COLUMN `share_after_the_fact` 'after_the_fact / notices',
    COMMENT COLUMN `median_delay_s` 'Median time from the start of the interval to the arrival of those, s; null: there are none',
    COMMENT COLUMN `max_delay_s` 'The longest of these times, s; null: there are none',
    COMMENT COLUMN `exceedances_excused` 'Violations of these intervals that were withdrawn after the notice had arrived';
