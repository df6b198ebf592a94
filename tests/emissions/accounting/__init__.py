"""Accounts from ClickHouse."""
