"""Questions to ClickHouse, one module a subject; each answers with immutable values."""
