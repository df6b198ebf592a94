-- The rules with all that they say, each version of each rule set that was migrated; names of
-- parameters and of quality codes. `emissions migrate` writes them. Two keep the form in which views
-- look up a title or a name by its key (joinGet).
CREATE OR REPLACE TABLE rules
(
    code String COMMENT 'Code of the rule, such as KZ-DAY',
    title_ru String COMMENT 'Title in Russian',
    title_kk String COMMENT 'Title in Kazakh',
    title_en String COMMENT 'Title in English',
    track String COMMENT 'What follows: PRESCRIPTION, COURT or INSPECTION',
    certainty String COMMENT 'Of our reading of the law: read, secondary or inferred',
    citation String COMMENT 'Places in the law, in the words of the law',
    sanction String COMMENT 'What the law threatens with',
    valid_from Date32 COMMENT 'In force from the midnight of this day on the clock of the source',
    valid_to Nullable(Date32) COMMENT 'In force until that of this day; null: no end is known',
    automatic Nullable(Date32) COMMENT 'A case may open without an inspector from this day; null: never',
    source String COMMENT 'Where the law was read, and what was left open',
    rule_set String COMMENT 'Version of the rule set'
)
ENGINE = Join(ANY, LEFT, code)
SETTINGS join_any_take_last_row = 1
COMMENT 'Rules of the law as last migrated; of several versions of one the latest';

CREATE TABLE IF NOT EXISTS rule_versions
(
    rule_set String COMMENT 'Version of the rule set, as in means and violations',
    code String COMMENT 'Code of the rule, such as KZ-DAY',
    valid_from Date32 COMMENT 'In force from the midnight of this day on the clock of the source',
    valid_to Nullable(Date32) COMMENT 'In force until that of this day; null: no end is known',
    title_ru String COMMENT 'Title in Russian',
    title_kk String COMMENT 'Title in Kazakh',
    title_en String COMMENT 'Title in English',
    track String COMMENT 'What follows: PRESCRIPTION, COURT or INSPECTION',
    certainty String COMMENT 'Of our reading of the law: read, secondary or inferred',
    citation String COMMENT 'Places in the law, in the words of the law',
    sanction String COMMENT 'What the law threatens with',
    automatic Nullable(Date32) COMMENT 'A case may open without an inspector from this day; null: never',
    condition String COMMENT 'Kind of the condition and its parameters, JSON',
    source String COMMENT 'Where the law was read, and what was left open'
)
ENGINE = ReplacingMergeTree
ORDER BY (rule_set, code, valid_from)
COMMENT 'Every rule of every rule set that was migrated: the law by which a result was judged';

CREATE TABLE IF NOT EXISTS parameters
(
    parameter String COMMENT 'Name in the messages, such as SO2',
    name_ru String COMMENT 'Name in Russian',
    name_kk String COMMENT 'Name in Kazakh',
    name_en String COMMENT 'Name in English',
    unit String COMMENT 'Usual unit; the unit of a value stands beside it',
    auxiliary Bool COMMENT 'Describes the gas; every other one is a pollutant'
)
ENGINE = Join(ANY, LEFT, parameter)
SETTINGS join_any_take_last_row = 1
COMMENT 'What channels measure; other parameters are judged alike';

CREATE TABLE IF NOT EXISTS quality_codes
(
    code String COMMENT 'Quality code, such as OUT_OF_RANGE; reason of a dead letter',
    scope String COMMENT 'message: it is a dead letter; channel: the value does not count; mark: it does',
    excuses Bool COMMENT 'The time of the reading is not due either',
    meaning_ru String COMMENT 'Meaning in Russian',
    meaning_kk String COMMENT 'Meaning in Kazakh',
    meaning_en String COMMENT 'Meaning in English'
)
ENGINE = Join(ANY, LEFT, code)
SETTINGS join_any_take_last_row = 1
COMMENT 'Quality codes, those with a flag or a state each by itself';
