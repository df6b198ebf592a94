"""Open data as files: a Parquet file a dataset and day, with checksums and a catalogue."""
