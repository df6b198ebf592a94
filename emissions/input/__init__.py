"""Readers of measurement files: CSV, NDJSON, Avro, and any CSV through a mapping."""
