"""Names that belong to the program and not to any message: regions, and rules with their titles."""

from __future__ import annotations

from clickhouse_connect.driver.client import Client

from streams.registry.regions import REGIONS
from streams.rule_files import load_rules


def write_names(client: Client) -> None:
    """Write those that the client's database does not have as they are now; else nothing."""
    regions = {(code, *names) for code, names in REGIONS.items()}
    titles = {
        (rule.code, *(rule.titles[language] for language in ("ru", "kk", "en")))
        for rule in load_rules().rules
    }
    for table, rows in (("regions", regions), ("rules", titles)):
        there = {tuple(row) for row in client.query(f"SELECT * FROM {table}").result_rows}  # noqa: S608
        lacking = sorted(rows - there)
        if lacking:
            client.insert(table, lacking)
