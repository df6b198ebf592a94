-- How the kinds of findings are called; `emissions migrate` writes the rows. The index finds a
-- finding by its id for `emissions explain`.
CREATE TABLE IF NOT EXISTS finding_kinds
(
    kind String COMMENT 'Kind of a finding, such as FLATLINE or MASS_DIFFERS',
    title_ru String COMMENT 'Title in Russian',
    title_kk String COMMENT 'Title in Kazakh',
    title_en String COMMENT 'Title in English',
    suspicion Bool COMMENT 'Found by statistics; every other one follows from the law',
    statistic String COMMENT 'Name of the number that a finding gives; empty: it gives none',
    unit String COMMENT 'Unit of that number; empty: it has none',
    source String COMMENT 'Act and point, or where the check comes from'
)
ENGINE = Join(ANY, LEFT, kind)
SETTINGS join_any_take_last_row = 1
COMMENT 'Kinds of findings in three languages';

ALTER TABLE findings ADD INDEX IF NOT EXISTS id_of_granule id TYPE bloom_filter GRANULARITY 1;
