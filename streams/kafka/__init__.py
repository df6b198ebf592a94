"""Clients, topics and offsets of Kafka."""
