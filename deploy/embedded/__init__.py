"""Run broker, Kafka and ClickHouse as child processes, for the demo, replay and tests."""
