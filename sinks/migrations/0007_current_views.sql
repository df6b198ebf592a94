-- What is true now: one row a natural key, the last revision, nothing withdrawn.
CREATE VIEW IF NOT EXISTS readings_current AS
SELECT * EXCEPT (version)
FROM readings FINAL
WHERE (topic, partition, offset) NOT IN (SELECT topic, partition, offset FROM dead_letters)
COMMENT 'Accepted readings, a row a channel, once';

CREATE VIEW IF NOT EXISTS means_current AS
SELECT * EXCEPT (version)
FROM means FINAL
COMMENT 'The last revision of every mean';

CREATE VIEW IF NOT EXISTS gaps_current AS
SELECT * EXCEPT (version)
FROM gaps FINAL
WHERE status != 'WITHDRAWN'
COMMENT 'The last revision of every gap that was not withdrawn';

CREATE VIEW IF NOT EXISTS violations_current AS
SELECT * EXCEPT (version)
FROM violations FINAL
WHERE status != 'WITHDRAWN'
COMMENT 'The last revision of every violation that was not withdrawn';

CREATE VIEW IF NOT EXISTS dead_letters_current AS
SELECT * EXCEPT (version)
FROM dead_letters FINAL
COMMENT 'Messages that could not be used, once';

CREATE VIEW IF NOT EXISTS enterprises_current AS
SELECT * EXCEPT (version, deleted)
FROM enterprises FINAL
WHERE NOT deleted
COMMENT 'Enterprises as last registered';

CREATE VIEW IF NOT EXISTS registry_current AS
SELECT * EXCEPT (version)
FROM registry FINAL
WHERE (bin, version) IN (SELECT bin, version FROM enterprises FINAL WHERE NOT deleted)
COMMENT 'Sources as last registered';
