-- What the columns of the views mean, for whoever asks DESCRIBE TABLE or a client's schema browser.
ALTER TABLE readings_current
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `parameter` 'What the channel measures, such as SO2',
    COMMENT COLUMN `interval_start` 'floor(measured_at / period) * period: which interval of the source this is',
    COMMENT COLUMN `measured_at` 'Start of the interval as sent',
    COMMENT COLUMN `period_s` 'Length of the interval, seconds',
    COMMENT COLUMN `value` 'Value as measured, in the unit of the channel',
    COMMENT COLUMN `flag` 'Abnormal flag of the channel (F M S D C T B); empty: normal',
    COMMENT COLUMN `quality` 'Quality code; empty: valid',
    COMMENT COLUMN `state` 'Operating state of the source',
    COMMENT COLUMN `device_serial` 'Serial number of the device; empty: not sent',
    COMMENT COLUMN `arrived_at` 'Timestamp of the Kafka record',
    COMMENT COLUMN `topic` 'Topic of the message',
    COMMENT COLUMN `partition` 'Partition of the message',
    COMMENT COLUMN `offset` 'Offset of the message';

ALTER TABLE means_current
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `parameter` 'Parameter, such as SO2',
    COMMENT COLUMN `unit` 'Unit of value, validated_value, min, max and limit',
    COMMENT COLUMN `window` '20min, 30min, 1h or day',
    COMMENT COLUMN `start` 'Start of the window',
    COMMENT COLUMN `end` 'End of the window',
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
    COMMENT COLUMN `stream_time` 'Stream time when this revision was computed';

ALTER TABLE gaps_current
    COMMENT COLUMN `id` 'UUIDv5 of source, parameter and start',
    COMMENT COLUMN `revision` 'Counts the published changes, from 1',
    COMMENT COLUMN `status` 'OPEN, CLOSED or WITHDRAWN',
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `parameter` 'Parameter of the silent channel; empty: the whole source',
    COMMENT COLUMN `start` 'Start of the silence',
    COMMENT COLUMN `end` 'End of the silence; null: it lasts',
    COMMENT COLUMN `detected_at` 'Stream time of this revision';

ALTER TABLE violations_current
    COMMENT COLUMN `id` 'UUIDv5 of rule, source or БИН, parameter and start',
    COMMENT COLUMN `revision` 'Counts the published changes, from 1',
    COMMENT COLUMN `status` 'OPEN, AMENDED (still open), CLOSED or WITHDRAWN',
    COMMENT COLUMN `rule` 'Code of the rule, such as KZ-DAY',
    COMMENT COLUMN `rule_set` 'Version of the rule set',
    COMMENT COLUMN `legal_basis.act` 'Places in the law',
    COMMENT COLUMN `legal_basis.article` 'Places in the law',
    COMMENT COLUMN `legal_basis.part` 'Places in the law',
    COMMENT COLUMN `legal_basis.point` 'Places in the law',
    COMMENT COLUMN `bin` 'БИН of the enterprise',
    COMMENT COLUMN `enterprise` 'Language (ru, kk, en) to the name',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `category` 'Category of the facility, 1 to 4',
    COMMENT COLUMN `business_size` 'small, medium or large',
    COMMENT COLUMN `source_id` 'Source; empty: the enterprise as a whole',
    COMMENT COLUMN `parameter` 'Parameter; empty: does not apply',
    COMMENT COLUMN `unit` 'Unit of value, validated_value and limit; empty: there are none',
    COMMENT COLUMN `start` 'Start of the violation',
    COMMENT COLUMN `end` 'End; null: it lasts',
    COMMENT COLUMN `value` 'What was compared with the limit',
    COMMENT COLUMN `validated_value` 'value less the confidence interval; null: none applies',
    COMMENT COLUMN `limit` 'The limit L',
    COMMENT COLUMN `ratio` 'value / limit',
    COMMENT COLUMN `excess_mass_t` 'Mass above the norm, tonnes; null: unknown',
    COMMENT COLUMN `device_serial` 'Serial number of the device; empty: not known',
    COMMENT COLUMN `verification` 'Number of its verification; empty: none',
    COMMENT COLUMN `verification_until` 'End of its verification',
    COMMENT COLUMN `detected_at` 'Stream time of this revision',
    COMMENT COLUMN `automatic` 'May become a case without an inspector',
    COMMENT COLUMN `deferred_until` 'A road map defers the duty until then',
    COMMENT COLUMN `evidence.topic` 'Messages used, a range a partition, with the hash over their bytes',
    COMMENT COLUMN `evidence.partition` 'Messages used, a range a partition, with the hash over their bytes',
    COMMENT COLUMN `evidence.first_offset` 'Messages used, a range a partition, with the hash over their bytes',
    COMMENT COLUMN `evidence.last_offset` 'Messages used, a range a partition, with the hash over their bytes',
    COMMENT COLUMN `evidence.readings` 'Messages used, a range a partition, with the hash over their bytes',
    COMMENT COLUMN `evidence.sha256` 'Messages used, a range a partition, with the hash over their bytes';

ALTER TABLE dead_letters_current
    COMMENT COLUMN `reason` 'Stable code, such as UNDECODABLE or TOO_LATE',
    COMMENT COLUMN `stage` 'decode, validate, deduplicate or sink',
    COMMENT COLUMN `detail` 'A sentence for a person',
    COMMENT COLUMN `source_id` 'Source as the message says; empty: not known',
    COMMENT COLUMN `topic` 'Topic of the original',
    COMMENT COLUMN `partition` 'Partition of the original',
    COMMENT COLUMN `offset` 'Offset of the original',
    COMMENT COLUMN `timestamp` 'Timestamp of the original Kafka record',
    COMMENT COLUMN `key` 'Key of the original, its bytes',
    COMMENT COLUMN `value` 'Value of the original, its bytes',
    COMMENT COLUMN `headers` 'Headers of the original';

ALTER TABLE enterprises_current
    COMMENT COLUMN `bin` 'БИН',
    COMMENT COLUMN `name_ru` 'Name in Russian',
    COMMENT COLUMN `name_kk` 'Name in Kazakh',
    COMMENT COLUMN `name_en` 'Name in English',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `category` 'Category of the facility, 1 to 4',
    COMMENT COLUMN `business_size` 'small, medium or large',
    COMMENT COLUMN `commissioned_on` 'Midnight (Asia/Almaty) of commissioning',
    COMMENT COLUMN `installed_on` 'Monitoring system installed; null: it is not',
    COMMENT COLUMN `connected_on` 'Monitoring system connected; null: it is not',
    COMMENT COLUMN `roadmap_until` 'A road map defers the duty until then; null: there is none',
    COMMENT COLUMN `roadmap_reference` 'The road map\'s act; empty: not given',
    COMMENT COLUMN `test` 'A test stream, in no statistics',
    COMMENT COLUMN `registered_at` 'Timestamp of the registration';

ALTER TABLE registry_current
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `bin` 'БИН of its enterprise',
    COMMENT COLUMN `name` 'Name; empty: none',
    COMMENT COLUMN `timezone` 'IANA zone whose clock cuts its windows',
    COMMENT COLUMN `cadence_s` 'Length of its readings, seconds',
    COMMENT COLUMN `fuel` 'solid, liquid or gas; empty: not given',
    COMMENT COLUMN `thermal_mw` 'Thermal power, MW',
    COMMENT COLUMN `gross_t_a` 'Gross emission, t/a',
    COMMENT COLUMN `parameters` 'Parameters of its channels',
    COMMENT COLUMN `document` 'The source as registered, JSON';

ALTER TABLE compliance
    COMMENT COLUMN `bin` 'БИН',
    COMMENT COLUMN `name_ru` 'Name in Russian',
    COMMENT COLUMN `name_kk` 'Name in Kazakh',
    COMMENT COLUMN `name_en` 'Name in English',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `obliged` 'Must have a monitoring system: category I and a source that meets a criterion',
    COMMENT COLUMN `installed` 'Has a monitoring system',
    COMMENT COLUMN `connected` 'Its system sends to the state',
    COMMENT COLUMN `on_roadmap` 'Has none, and a road map defers the duty',
    COMMENT COLUMN `roadmap_until` 'End of the road map; null: none';

ALTER TABLE compliance_by_region
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `obliged` 'Enterprises that must have a monitoring system',
    COMMENT COLUMN `installed` 'Of them with a system',
    COMMENT COLUMN `connected` 'Of them with a system that sends to the state',
    COMMENT COLUMN `on_roadmap` 'Of them without a system, deferred by a road map',
    COMMENT COLUMN `in_breach` 'Of them neither connected nor deferred';

ALTER TABLE compliance_nation
    COMMENT COLUMN `obliged` 'Enterprises that must have a monitoring system',
    COMMENT COLUMN `installed` 'Of them with a system',
    COMMENT COLUMN `connected` 'Of them with a system that sends to the state',
    COMMENT COLUMN `on_roadmap` 'Of them without a system, deferred by a road map',
    COMMENT COLUMN `in_breach` 'Of them neither connected nor deferred';

ALTER TABLE latest_means
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `bin` 'БИН of the enterprise; empty: not registered now',
    COMMENT COLUMN `name_ru` 'Name of the enterprise in Russian',
    COMMENT COLUMN `parameter` 'Parameter, such as SO2',
    COMMENT COLUMN `unit` 'Unit of value and limit',
    COMMENT COLUMN `window` '20min, 30min, 1h or day',
    COMMENT COLUMN `start` 'Start of the window',
    COMMENT COLUMN `value` 'Mean of the valid readings, weighted by their periods; null: none is valid',
    COMMENT COLUMN `limit` 'Limit in force at the start; null: none in this unit',
    COMMENT COLUMN `ratio` 'value / limit; null: no value or no limit',
    COMMENT COLUMN `status` 'VALID, INSUFFICIENT or NOT_OPERATING';

ALTER TABLE violations_by_rule
    COMMENT COLUMN `rule` 'Code of the rule, such as KZ-DAY',
    COMMENT COLUMN `violations` 'In force: not withdrawn',
    COMMENT COLUMN `open` 'Of them open or amended, not closed',
    COMMENT COLUMN `automatic` 'Of them those that may become a case without an inspector',
    COMMENT COLUMN `enterprises` 'Enterprises concerned',
    COMMENT COLUMN `sources` 'Sources concerned',
    COMMENT COLUMN `worst_ratio` 'Greatest value / limit; null: the rule has no limit',
    COMMENT COLUMN `first_start` 'Start of the earliest, UTC',
    COMMENT COLUMN `last_start` 'Start of the latest, UTC';

ALTER TABLE dead_letters_by_reason
    COMMENT COLUMN `topic` 'Topic of the messages',
    COMMENT COLUMN `reason` 'Reason code, such as TOO_LATE',
    COMMENT COLUMN `messages` 'Messages refused',
    COMMENT COLUMN `sources` 'Sources that sent them, as far as the messages tell',
    COMMENT COLUMN `first_at` 'Arrival of the first, UTC',
    COMMENT COLUMN `last_at` 'Arrival of the last, UTC';

ALTER TABLE availability
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `month` 'First day of the month, Almaty calendar',
    COMMENT COLUMN `observed_s` 'Seconds of the month in which the source was watched',
    COMMENT COLUMN `silent_s` 'Of them seconds in gaps of the whole source',
    COMMENT COLUMN `transmitted_share` '1 - silent_s / observed_s',
    COMMENT COLUMN `valid_share` 'Valid / due seconds of the 1-hour means of pollutants; null: nothing was due';
