"""The public window: pages in three languages, the API and open data, over ClickHouse."""
