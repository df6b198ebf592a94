-- What follows from a violation, how sure the reading of the law is, why a person must look, and the
-- subpoint of the law's place. Empty in what was written before.
ALTER TABLE violations
    ADD COLUMN IF NOT EXISTS `legal_basis.subpoint` Array(String) COMMENT 'Subpoint (подпункт) of the point' AFTER `legal_basis.point`,
    ADD COLUMN IF NOT EXISTS `track` LowCardinality(String) COMMENT 'PRESCRIPTION, COURT or INSPECTION' AFTER `deferred_until`,
    ADD COLUMN IF NOT EXISTS `certainty` LowCardinality(String) COMMENT 'read, secondary or inferred' AFTER `track`,
    ADD COLUMN IF NOT EXISTS `reasons` Array(LowCardinality(String)) COMMENT 'Why a person must look' AFTER `certainty`;

CREATE OR REPLACE VIEW violations_current AS
SELECT * EXCEPT (version)
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
    COMMENT COLUMN `start` 'Start of the violation',
    COMMENT COLUMN `end` 'End; null: it lasts',
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
    COMMENT COLUMN `evidence.sha256` 'Messages used, a range a partition, with the hash over their bytes';
