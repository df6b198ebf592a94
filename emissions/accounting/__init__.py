"""Hourly accounts from the means in ClickHouse."""
