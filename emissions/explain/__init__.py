"""Explain what is stored in ClickHouse: read it, compute it again, show it."""
