"""Readers of measurements from files: CSV, NDJSON, Avro, and any CSV through a mapping."""
