-- A hold closes cases and violations, and the counts of them. What the law opens at once (Decree 861,
-- points 36 and 37: means, gaps, availability, masses, revisions, statistics of notices) it does not
-- touch: the views below no longer ask for it. And anybody may read whether publication is held.
CREATE OR REPLACE VIEW public_publication
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    revision,
    if(names IN ('AFTER_APPEAL', 'FINAL_DECISIONS_ONLY'), names, 'NOBODY') AS names,
    held,
    set_at
FROM publication_policy_current
COMMENT 'When enterprises are named, and whether cases and violations are held back';

ALTER TABLE public_publication
    COMMENT COLUMN `revision` 'Number of the setting; 0: none was ever set',
    COMMENT COLUMN `names` 'AFTER_APPEAL, FINAL_DECISIONS_ONLY or NOBODY',
    COMMENT COLUMN `held` 'true: the public reads no case, no violation and no count of them',
    COMMENT COLUMN `set_at` 'When it was set, UTC; null: it never was';

ALTER TABLE publication_policy
    COMMENT COLUMN `held` 'true: the public reads no case, no violation and no count of them';

ALTER TABLE publication_policy_current
    COMMENT COLUMN `held` 'true: the public reads no case, no violation and no count of them';

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
WHERE NOT o.test
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
WHERE NOT o.test
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
WHERE NOT o.test
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
WHERE revision > 1
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
WHERE revision > 1
    AND source_id NOT IN (SELECT source_id FROM registry_current WHERE bin IN (SELECT bin FROM enterprises_current WHERE test))
COMMENT 'Gaps that have changed since they were opened, also those that were withdrawn';

ALTER TABLE public_revised_gaps
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `parameter` 'Parameter; empty: the whole source was silent',
    COMMENT COLUMN `start` 'Start, UTC',
    COMMENT COLUMN `end` 'End, UTC; null: open',
    COMMENT COLUMN `revision` 'Counts its changes, from 1',
    COMMENT COLUMN `status` 'OPEN, CLOSED or WITHDRAWN';
