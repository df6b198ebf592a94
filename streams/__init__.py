"""The streams worker: readings from Kafka to means, gaps, violations and dead letters."""
