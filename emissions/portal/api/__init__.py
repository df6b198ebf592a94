"""The API of the portal: one query, answered as JSON, CSV or Parquet with the same values."""
