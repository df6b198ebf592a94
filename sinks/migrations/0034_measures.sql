-- What officials decided, every version of each as it came; nothing is ever deleted.
CREATE TABLE IF NOT EXISTS measures
(
    `id` String COMMENT 'Measure',
    `kind` LowCardinality(String) COMMENT 'Kind',
    `bin` LowCardinality(String) COMMENT 'БИН',
    `case_id` String COMMENT 'Case',
    `source_id` LowCardinality(String) COMMENT 'Source',
    `act` LowCardinality(String) COMMENT 'Act',
    `article` LowCardinality(String) COMMENT 'Article',
    `part` LowCardinality(String) COMMENT 'Part',
    `imposed_on` LowCardinality(String) COMMENT 'Imposed on',
    `executed_on` LowCardinality(String) COMMENT 'Executed on',
    `overturned_on` LowCardinality(String) COMMENT 'Overturned on',
    `delivered_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'Delivered at',
    `amount_kzt` Nullable(Int64) COMMENT 'Amount',
    `reference` String COMMENT 'Number of the paper',
    `closes` Bool COMMENT 'Ends the case',
    `topic` LowCardinality(String) COMMENT 'Topic of the message',
    `partition` Int32 COMMENT 'Partition of the message',
    `offset` Int64 COMMENT 'Offset of the message',
    `arrived_at` DateTime64(3, 'UTC') COMMENT 'Timestamp of the Kafka record, UTC: it counts from then on',
    `version` UInt64 COMMENT 'Its offset'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (id, topic, partition, offset)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What officials decided, every version; read measures_current';

CREATE OR REPLACE VIEW measures_current AS
SELECT
    * EXCEPT (version, topic, partition) REPLACE (
        toDate32OrNull(CAST(imposed_on, 'String')) AS imposed_on,
        toDate32OrNull(CAST(executed_on, 'String')) AS executed_on,
        toDate32OrNull(CAST(overturned_on, 'String')) AS overturned_on
    )
FROM measures FINAL
WHERE (id, offset) IN (SELECT id, max(offset) FROM measures GROUP BY id)
COMMENT 'The last version of every fine, delivery, payment, appeal, review and decision';
