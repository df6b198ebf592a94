-- What the registration of a source says beside its criteria, read from the document it is kept as:
-- where it stands, for whoever publishes, and the papers of its devices (Order 208, points 5 and 6).
CREATE OR REPLACE VIEW source_places AS
SELECT
    source.source_id AS source_id,
    source.bin AS bin,
    source.name AS name,
    enterprise.name_ru AS enterprise_ru,
    enterprise.name_kk AS enterprise_kk,
    enterprise.name_en AS enterprise_en,
    enterprise.region AS region,
    JSONExtract(source.document, 'location', 'lat', 'Nullable(Float64)') AS lat,
    JSONExtract(source.document, 'location', 'lon', 'Nullable(Float64)') AS lon,
    JSONExtractString(source.document, 'location', 'town', 'ru') AS town_ru,
    JSONExtractString(source.document, 'location', 'town', 'kk') AS town_kk,
    JSONExtractString(source.document, 'location', 'town', 'en') AS town_en
FROM registry_current AS source
INNER JOIN enterprises_current AS enterprise ON enterprise.bin = source.bin
WHERE NOT enterprise.test
COMMENT 'Where the sources stand, as last registered, without test streams';

ALTER TABLE source_places
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `bin` 'БИН of its enterprise',
    COMMENT COLUMN `name` 'Name of the source; empty: none',
    COMMENT COLUMN `enterprise_ru` 'Name of the enterprise in Russian',
    COMMENT COLUMN `enterprise_kk` 'Name of the enterprise in Kazakh',
    COMMENT COLUMN `enterprise_en` 'Name of the enterprise in English',
    COMMENT COLUMN `region` 'ISO 3166-2:KZ',
    COMMENT COLUMN `lat` 'Latitude, degrees north (WGS 84); null: not given',
    COMMENT COLUMN `lon` 'Longitude, degrees east (WGS 84); null: not given',
    COMMENT COLUMN `town_ru` 'Name of the place in Russian; empty: not given',
    COMMENT COLUMN `town_kk` 'Name of the place in Kazakh; empty: not given',
    COMMENT COLUMN `town_en` 'Name of the place in English; empty: not given';

CREATE OR REPLACE VIEW devices_current AS
SELECT
    source_id,
    bin,
    JSONExtractString(device, 'name') AS name,
    JSONExtractString(device, 'serial') AS serial,
    JSONExtractString(device, 'verification', 'number') AS verification,
    JSONExtractString(device, 'verification', 'on') AS verified_on,
    JSONExtractString(device, 'verification', 'until') AS verified_until,
    JSONExtractString(device, 'type_certificate', 'number') AS type_certificate,
    JSONExtractString(device, 'type_certificate', 'on') AS certified_on,
    JSONExtractString(device, 'type_certificate', 'until') AS certified_until
FROM registry_current
ARRAY JOIN JSONExtractArrayRaw(document, 'devices') AS device
COMMENT 'Devices of the sources with their papers, as last registered; moments as they were written';

ALTER TABLE devices_current
    COMMENT COLUMN `source_id` 'Source',
    COMMENT COLUMN `bin` 'БИН of its enterprise',
    COMMENT COLUMN `name` 'Make and model',
    COMMENT COLUMN `serial` 'Serial number',
    COMMENT COLUMN `verification` 'Number of its verification; empty: it was never verified',
    COMMENT COLUMN `verified_on` 'From when the verification is valid; empty: open',
    COMMENT COLUMN `verified_until` 'Until when the verification is valid; empty: open',
    COMMENT COLUMN `type_certificate` 'Number of its certificate of type approval; empty: none is registered',
    COMMENT COLUMN `certified_on` 'From when the certificate is valid; empty: open',
    COMMENT COLUMN `certified_until` 'Until when the certificate is valid; empty: open';
