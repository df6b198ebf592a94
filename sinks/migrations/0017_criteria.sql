-- The criteria of Order 208, point 11: a station counts by its electric power, a boiler house by its
-- thermal power, each with a bound for gas and one for every other fuel; any source by 500 t/a.
ALTER TABLE registry
    ADD COLUMN IF NOT EXISTS `plant` LowCardinality(String) COMMENT 'station, boiler_house or other; empty: not given' AFTER `cadence_s`,
    ADD COLUMN IF NOT EXISTS `electric_mw` Nullable(Float64) COMMENT 'Electric power of the whole station, MW' AFTER `fuel`;

CREATE OR REPLACE VIEW registry_current AS
SELECT * EXCEPT (version)
FROM registry FINAL
WHERE (bin, version) IN (SELECT bin, version FROM enterprises FINAL WHERE NOT deleted)
COMMENT 'Sources as last registered';

ALTER TABLE registry_current
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `bin` 'БИН of its enterprise',
    COMMENT COLUMN `name` 'Name; empty: none',
    COMMENT COLUMN `timezone` 'IANA zone whose clock cuts its windows',
    COMMENT COLUMN `cadence_s` 'Length of its readings, seconds',
    COMMENT COLUMN `plant` 'station, boiler_house or other; empty: not given',
    COMMENT COLUMN `fuel` 'solid, liquid or gas; empty: not given',
    COMMENT COLUMN `electric_mw` 'Electric power of the whole station, MW; null: not given',
    COMMENT COLUMN `thermal_mw` 'Thermal power, MW',
    COMMENT COLUMN `gross_t_a` 'Gross emission, t/a',
    COMMENT COLUMN `parameters` 'Parameters of its channels',
    COMMENT COLUMN `document` 'The source as registered, JSON';

CREATE OR REPLACE VIEW compliance AS
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
            OR (plant = 'station' AND fuel != '' AND electric_mw >= if(fuel = 'gas', 500, 50))
            OR (plant = 'boiler_house' AND fuel != '' AND thermal_mw >= if(fuel = 'gas', 1395.6, 116.3))
    ) AS obliged,
    installed_on IS NOT NULL AS installed,
    installed AND connected_on IS NOT NULL AS connected,
    NOT installed AND roadmap_until IS NOT NULL AS on_roadmap,
    roadmap_until
FROM enterprises_current
WHERE NOT test
COMMENT 'Duty and state of automatic monitoring, a row an enterprise';

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
