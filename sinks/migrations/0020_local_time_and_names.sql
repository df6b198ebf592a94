-- The day, and the time on the clock of the source, beside each time in UTC, units, names, titles and
-- dates as dates. Columns that are not asked for cost nothing.
CREATE OR REPLACE VIEW readings_current AS
SELECT
    source_id,
    parameter,
    interval_start,
    measured_at,
    period_s,
    value,
    flag,
    quality,
    state,
    device_serial,
    arrived_at,
    topic,
    partition,
    offset,
    joinGet('channel_units', 'unit', CAST(source_id, 'String'), CAST(parameter, 'String')) AS unit,
    ifNull(nullIf(joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''), 'Asia/Almaty') AS timezone,
    formatDateTime(measured_at, '%F %T', timezone) AS measured_local,
    toDate32(measured_local) AS day
FROM readings FINAL
WHERE version NOT IN (
    SELECT toUInt64(9223372036854775807 - offset) FROM dead_letters WHERE stage != 'sink'
)
    OR (topic, partition, offset) NOT IN (
        SELECT topic, partition, offset FROM dead_letters WHERE stage != 'sink'
    )
SETTINGS do_not_merge_across_partitions_select_final = 1, optimize_move_to_prewhere_if_final = 1
COMMENT 'Accepted readings, a row a channel, once';

ALTER TABLE readings_current
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `parameter` 'What the channel measures, such as SO2',
    COMMENT COLUMN `interval_start` 'floor(measured_at / period) * period: which interval of the source this is',
    COMMENT COLUMN `measured_at` 'Start of the interval as sent, UTC',
    COMMENT COLUMN `period_s` 'Length of the interval, seconds',
    COMMENT COLUMN `value` 'Value as measured, in the unit of the channel',
    COMMENT COLUMN `flag` 'Abnormal flag of the channel (F M S D C T B); empty: normal',
    COMMENT COLUMN `quality` 'Quality code; empty: valid',
    COMMENT COLUMN `state` 'Operating state of the source',
    COMMENT COLUMN `device_serial` 'Serial number of the device; empty: not sent',
    COMMENT COLUMN `arrived_at` 'Timestamp of the Kafka record',
    COMMENT COLUMN `topic` 'Topic of the message',
    COMMENT COLUMN `partition` 'Partition of the message',
    COMMENT COLUMN `offset` 'Offset of the message',
    COMMENT COLUMN `unit` 'Unit of value; empty: the channel is not registered now',
    COMMENT COLUMN `timezone` 'Clock of the source (IANA); Asia/Almaty where it is not registered',
    COMMENT COLUMN `measured_local` 'measured_at on the clock of the source, text',
    COMMENT COLUMN `day` 'Its date there';

CREATE OR REPLACE VIEW means_current AS
SELECT
    * EXCEPT (version),
    ifNull(nullIf(joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''), 'Asia/Almaty') AS timezone,
    formatDateTime(start, '%F %T', timezone) AS start_local,
    toDate32(start_local) AS day
FROM means FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1, optimize_move_to_prewhere_if_final = 1
COMMENT 'The last revision of every mean';

ALTER TABLE means_current
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `parameter` 'Parameter, such as SO2',
    COMMENT COLUMN `unit` 'Unit of value, validated_value, min, max and limit',
    COMMENT COLUMN `window` '20min, 30min, 1h or day',
    COMMENT COLUMN `start` 'Start of the window, UTC: a calendar day begins at local midnight, so toDate(start) is the day before; its date is day',
    COMMENT COLUMN `end` 'End of the window, UTC',
    COMMENT COLUMN `value` 'Mean of the valid readings, weighted by their periods; null: none is valid',
    COMMENT COLUMN `raw_value` 'The same before normalisation, in the unit of the channel',
    COMMENT COLUMN `validated_value` 'value less the confidence interval, not below 0; null: none applies',
    COMMENT COLUMN `min` 'Least valid reading',
    COMMENT COLUMN `max` 'Greatest valid reading',
    COMMENT COLUMN `count` 'Accepted readings of the window that carry the parameter',
    COMMENT COLUMN `valid_s` 'Seconds covered by valid readings',
    COMMENT COLUMN `due_s` 'Seconds for which data were due',
    COMMENT COLUMN `excused_s` 'Seconds excused by operating state or registry',
    COMMENT COLUMN `status` 'VALID, INSUFFICIENT or NOT_OPERATING',
    COMMENT COLUMN `seconds_by_code` 'Quality code to the seconds it covers',
    COMMENT COLUMN `limit` 'Limit in force at the start; null: none in this unit',
    COMMENT COLUMN `rule_set` 'Version of the rule set',
    COMMENT COLUMN `revision` 'Grows with readings that came after the window closed',
    COMMENT COLUMN `final` 'Nothing can change any more',
    COMMENT COLUMN `stream_time` 'Stream time when this revision was computed',
    COMMENT COLUMN `timezone` 'Clock of the source (IANA); Asia/Almaty where it is not registered',
    COMMENT COLUMN `start_local` 'start on the clock of the source, text',
    COMMENT COLUMN `day` 'Date of the window there: of a day mean the day that it is of';

CREATE OR REPLACE VIEW gaps_current AS
SELECT
    * EXCEPT (version),
    ifNull(nullIf(joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''), 'Asia/Almaty') AS timezone,
    formatDateTime(start, '%F %T', timezone) AS start_local,
    formatDateTime(end, '%F %T', timezone) AS end_local
FROM gaps FINAL
WHERE status != 'WITHDRAWN'
COMMENT 'The last revision of every gap that was not withdrawn';

ALTER TABLE gaps_current
    COMMENT COLUMN `id` 'UUIDv5 of source, parameter and start',
    COMMENT COLUMN `revision` 'Counts the published changes, from 1',
    COMMENT COLUMN `status` 'OPEN, CLOSED or WITHDRAWN',
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `parameter` 'Parameter of the silent channel; empty: the whole source',
    COMMENT COLUMN `start` 'Start of the silence',
    COMMENT COLUMN `end` 'End of the silence; null: it lasts',
    COMMENT COLUMN `detected_at` 'Stream time of this revision',
    COMMENT COLUMN `timezone` 'Clock of the source (IANA); Asia/Almaty where it is not registered',
    COMMENT COLUMN `start_local` 'start on the clock of the source, text',
    COMMENT COLUMN `end_local` 'end there, text; null: it lasts';

CREATE OR REPLACE VIEW violations_current AS
SELECT
    * EXCEPT (version),
    joinGet('rules', 'title_ru', CAST(rule, 'String')) AS rule_title_ru,
    joinGet('rules', 'title_kk', CAST(rule, 'String')) AS rule_title_kk,
    joinGet('rules', 'title_en', CAST(rule, 'String')) AS rule_title_en,
    joinGet('regions', 'name_ru', CAST(region, 'String')) AS region_name_ru,
    joinGet('regions', 'name_kk', CAST(region, 'String')) AS region_name_kk,
    joinGet('regions', 'name_en', CAST(region, 'String')) AS region_name_en,
    ifNull(nullIf(joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''), 'Asia/Almaty') AS timezone,
    formatDateTime(start, '%F %T', timezone) AS start_local,
    formatDateTime(end, '%F %T', timezone) AS end_local,
    toDate32(start_local) AS day
FROM violations FINAL
WHERE status != 'WITHDRAWN'
COMMENT 'The last revision of every violation that was not withdrawn';

ALTER TABLE violations_current
    COMMENT COLUMN `id` 'UUIDv5 of rule, source or БИН, parameter and start',
    COMMENT COLUMN `revision` 'Counts the changes in the log, from 1',
    COMMENT COLUMN `status` 'OPEN, AMENDED (still open), CLOSED or WITHDRAWN',
    COMMENT COLUMN `rule` 'Code of the rule, such as KZ-DAY',
    COMMENT COLUMN `rule_set` 'Version of the rule set',
    COMMENT COLUMN `legal_basis.act` 'Places in the law',
    COMMENT COLUMN `legal_basis.article` 'Places in the law',
    COMMENT COLUMN `legal_basis.part` 'Places in the law: part (часть)',
    COMMENT COLUMN `legal_basis.point` 'Places in the law: point (пункт)',
    COMMENT COLUMN `legal_basis.subpoint` 'Places in the law: subpoint (подпункт)',
    COMMENT COLUMN `bin` 'БИН of the enterprise',
    COMMENT COLUMN `enterprise` 'Language (ru, kk, en) to the name',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `category` 'Category of the facility, 1 to 4',
    COMMENT COLUMN `business_size` 'small, medium or large',
    COMMENT COLUMN `source_id` 'Source; empty: the enterprise as a whole',
    COMMENT COLUMN `parameter` 'Parameter; empty: does not apply',
    COMMENT COLUMN `unit` 'Unit of value, validated_value and limit; empty: there are none',
    COMMENT COLUMN `start` 'Start of the violation, UTC',
    COMMENT COLUMN `end` 'End, UTC; null: it lasts',
    COMMENT COLUMN `value` 'What was compared with the limit',
    COMMENT COLUMN `validated_value` 'value less the confidence interval; null: none applies',
    COMMENT COLUMN `limit` 'The limit L',
    COMMENT COLUMN `ratio` 'value / limit',
    COMMENT COLUMN `excess_mass_t` 'Mass above the norm, tonnes; null: no mass flow was measured',
    COMMENT COLUMN `device_serial` 'Serial number of the device; empty: not known',
    COMMENT COLUMN `verification` 'Number of its verification; empty: none',
    COMMENT COLUMN `verification_until` 'End of its verification',
    COMMENT COLUMN `detected_at` 'Stream time of this revision',
    COMMENT COLUMN `automatic` 'May become a case without an inspector',
    COMMENT COLUMN `deferred_until` 'A road map defers the duty until then',
    COMMENT COLUMN `track` 'What follows: PRESCRIPTION (a fine without a court), COURT or INSPECTION',
    COMMENT COLUMN `certainty` 'Of the reading of the law: read, secondary or inferred',
    COMMENT COLUMN `reasons` 'Why a person must look, such as CONFLICTING_DATA; none: it is automatic or deferred',
    COMMENT COLUMN `evidence.topic` 'Messages used, a range a partition, with the hash over their bytes',
    COMMENT COLUMN `evidence.partition` 'Messages used, a range a partition, with the hash over their bytes',
    COMMENT COLUMN `evidence.first_offset` 'Messages used, a range a partition, with the hash over their bytes',
    COMMENT COLUMN `evidence.last_offset` 'Messages used, a range a partition, with the hash over their bytes',
    COMMENT COLUMN `evidence.readings` 'Messages used, a range a partition, with the hash over their bytes',
    COMMENT COLUMN `evidence.sha256` 'Messages used, a range a partition, with the hash over their bytes',
    COMMENT COLUMN `rule_title_ru` 'Title of the rule in Russian',
    COMMENT COLUMN `rule_title_kk` 'Title of the rule in Kazakh',
    COMMENT COLUMN `rule_title_en` 'Title of the rule in English',
    COMMENT COLUMN `region_name_ru` 'Name of the region in Russian',
    COMMENT COLUMN `region_name_kk` 'Name of the region in Kazakh',
    COMMENT COLUMN `region_name_en` 'Name of the region in English',
    COMMENT COLUMN `timezone` 'Clock of the source (IANA); Asia/Almaty where it is not registered',
    COMMENT COLUMN `start_local` 'start on the clock of the source, text',
    COMMENT COLUMN `end_local` 'end there, text; null: it lasts',
    COMMENT COLUMN `day` 'Date of the start there';

CREATE OR REPLACE VIEW violation_history AS
SELECT
    *,
    joinGet('rules', 'title_ru', CAST(rule, 'String')) AS rule_title_ru,
    joinGet('rules', 'title_kk', CAST(rule, 'String')) AS rule_title_kk,
    joinGet('rules', 'title_en', CAST(rule, 'String')) AS rule_title_en,
    ifNull(nullIf(joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''), 'Asia/Almaty') AS timezone,
    formatDateTime(start, '%F %T', timezone) AS start_local,
    formatDateTime(end, '%F %T', timezone) AS end_local,
    formatDateTime(detected_at, '%F %T', timezone) AS detected_local
FROM violation_revisions FINAL
COMMENT 'Every revision of every violation, amendments and withdrawals among them';

ALTER TABLE violation_history
    COMMENT COLUMN `id` 'Violation',
    COMMENT COLUMN `revision` 'Counts the changes in the log, from 1; numbers may be missing',
    COMMENT COLUMN `status` 'OPEN, AMENDED (still open), CLOSED or WITHDRAWN',
    COMMENT COLUMN `rule` 'Code of the rule, such as KZ-DAY',
    COMMENT COLUMN `bin` 'БИН of the enterprise',
    COMMENT COLUMN `source_id` 'Source; empty: the enterprise as a whole',
    COMMENT COLUMN `parameter` 'Parameter; empty: does not apply',
    COMMENT COLUMN `unit` 'Unit of value and limit; empty: there are none',
    COMMENT COLUMN `start` 'Start of the violation, UTC',
    COMMENT COLUMN `end` 'End, UTC; null: it lasted when this was said',
    COMMENT COLUMN `value` 'What was compared with the limit',
    COMMENT COLUMN `validated_value` 'value less the confidence interval; null: none applies',
    COMMENT COLUMN `limit` 'The limit L',
    COMMENT COLUMN `ratio` 'value / limit',
    COMMENT COLUMN `excess_mass_t` 'Mass above the norm, tonnes; null: no mass flow was measured',
    COMMENT COLUMN `automatic` 'May become a case without an inspector',
    COMMENT COLUMN `reasons` 'Why a person must look',
    COMMENT COLUMN `detected_at` 'Stream time of this revision, UTC',
    COMMENT COLUMN `rule_title_ru` 'Title of the rule in Russian',
    COMMENT COLUMN `rule_title_kk` 'Title of the rule in Kazakh',
    COMMENT COLUMN `rule_title_en` 'Title of the rule in English',
    COMMENT COLUMN `timezone` 'Clock of the source (IANA); Asia/Almaty where it is not registered',
    COMMENT COLUMN `start_local` 'start on the clock of the source, text',
    COMMENT COLUMN `end_local` 'end there, text; null: it lasts',
    COMMENT COLUMN `detected_local` 'detected_at there, text';

CREATE OR REPLACE VIEW enterprises_current AS
WITH (SELECT min(interval_start) FROM readings) AS first_reading
SELECT
    * EXCEPT (version, deleted) REPLACE (
        toDate32(commissioned_on, 'Asia/Almaty') AS commissioned_on,
        toDate32(installed_on, 'Asia/Almaty') AS installed_on,
        toDate32(connected_on, 'Asia/Almaty') AS connected_on,
        toDate32(roadmap_until, 'Asia/Almaty') AS roadmap_until,
        if(toUnixTimestamp64Milli(registered_at) = 0, first_reading, registered_at) AS registered_at
    ),
    joinGet('regions', 'name_ru', CAST(region, 'String')) AS region_name_ru,
    joinGet('regions', 'name_kk', CAST(region, 'String')) AS region_name_kk,
    joinGet('regions', 'name_en', CAST(region, 'String')) AS region_name_en
FROM enterprises FINAL
WHERE NOT deleted
COMMENT 'Enterprises as last registered';

ALTER TABLE enterprises_current
    COMMENT COLUMN `bin` 'БИН',
    COMMENT COLUMN `name_ru` 'Name in Russian',
    COMMENT COLUMN `name_kk` 'Name in Kazakh',
    COMMENT COLUMN `name_en` 'Name in English',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `category` 'Category of the facility, 1 to 4',
    COMMENT COLUMN `business_size` 'small, medium or large',
    COMMENT COLUMN `commissioned_on` 'Date of commissioning',
    COMMENT COLUMN `installed_on` 'Date on which the monitoring system was installed; null: it is not',
    COMMENT COLUMN `connected_on` 'Date on which it was connected; null: it is not',
    COMMENT COLUMN `roadmap_until` 'A road map defers the duty until this date; null: there is none',
    COMMENT COLUMN `roadmap_reference` 'The road map\'s act; empty: not given',
    COMMENT COLUMN `test` 'A test stream, in no statistics',
    COMMENT COLUMN `registered_at` 'Arrival of the registration; where it was there before the first reading (a replay), the start of that one',
    COMMENT COLUMN `region_name_ru` 'Name of the region in Russian',
    COMMENT COLUMN `region_name_kk` 'Name of the region in Kazakh',
    COMMENT COLUMN `region_name_en` 'Name of the region in English';

CREATE OR REPLACE VIEW latest_means AS
SELECT
    m.source_id AS source_id,
    source.bin AS bin,
    owner.name_ru AS name_ru,
    m.parameter AS parameter,
    m.unit AS unit,
    m.window AS window,
    m.start AS start,
    m.last.1 AS value,
    m.last.2 AS limit,
    m.last.1 / m.last.2 AS ratio,
    m.last.3 AS status,
    owner.region AS region,
    ifNull(nullIf(source.timezone, ''), 'Asia/Almaty') AS timezone,
    formatDateTime(m.start, '%F %T', CAST(timezone, 'String')) AS start_local,
    toDate32(start_local) AS day
FROM
(
    SELECT
        source_id,
        parameter,
        unit,
        window,
        max(means.start) AS start,
        argMax((value, limit, status), bitShiftLeft(toInt128(toUnixTimestamp64Milli(means.start)), 64) + version) AS last
    FROM means
    GROUP BY source_id, parameter, unit, window
) AS m
LEFT JOIN registry_current AS source ON source.source_id = m.source_id
LEFT JOIN enterprises_current AS owner ON owner.bin = source.bin
COMMENT 'The latest mean of every source, parameter, unit and window beside its limit';

ALTER TABLE latest_means
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `bin` 'БИН of the enterprise; empty: not registered now',
    COMMENT COLUMN `name_ru` 'Name of the enterprise in Russian',
    COMMENT COLUMN `parameter` 'Parameter, such as SO2',
    COMMENT COLUMN `unit` 'Unit of value and limit',
    COMMENT COLUMN `window` '20min, 30min, 1h or day',
    COMMENT COLUMN `start` 'Start of the window, UTC: a calendar day begins at local midnight, so toDate(start) is the day before; its date is day',
    COMMENT COLUMN `value` 'Mean of the valid readings, weighted by their periods; null: none is valid',
    COMMENT COLUMN `limit` 'Limit in force at the start; null: none in this unit',
    COMMENT COLUMN `ratio` 'value / limit; null: no value or no limit',
    COMMENT COLUMN `status` 'VALID, INSUFFICIENT or NOT_OPERATING',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ; empty: not registered now',
    COMMENT COLUMN `timezone` 'Clock of the source (IANA); Asia/Almaty where it is not registered',
    COMMENT COLUMN `start_local` 'start on the clock of the source, text',
    COMMENT COLUMN `day` 'Date of the window there: of a day mean the day that it is of';
