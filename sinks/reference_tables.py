"""Write what belongs to the program: regions, rules, parameters, codes, kinds and official days.

And what views look up of the registry, where it is away: a backup of ClickHouse has no rows of
tables with the engine Join.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import Any, Final

import msgspec
from clickhouse_connect.driver.client import Client

from sinks.cluster import insert_table
from streams.core.law.calendar import WorkCalendar
from streams.core.law.citation import citation
from streams.core.law.quality_codes import named_codes
from streams.core.law.rule import Rule, RuleSet
from streams.rules.calendar import load_calendar
from streams.rules.finding_kinds import finding_kinds
from streams.rules.parameters import parameter_names

Row = dict[str, Any]

_LANGUAGES = ("ru", "kk", "en")


def write_reference_tables(
    client: Client,
    rules: RuleSet,
    packed: bytes | None = None,
    lookups: frozenset[str] = frozenset(),
) -> None:
    """Insert the rows that the client's database lacks or has differently.

    ``packed`` is the file in which the rules are packed (`streams.rules.packed`); None keeps none.
    ``lookups`` are the tables that are dictionaries on a cluster: their rows lie in another.
    """
    tables: dict[str, Iterable[Row]] = {
        "regions": (
            {"code": code, **_named("name", names)} for code, names in rules.country.regions.items()
        ),
        "rules": {rule.code: _rule(rule, rules.version) for rule in rules.rules}.values(),
        "rule_versions": (
            _rule(rule, rules.version) | {"condition": _condition(rule)} for rule in rules.rules
        ),
        "rule_sets": [] if packed is None else [_rule_set(rules, packed)],
        "parameters": (
            {
                "parameter": each.parameter,
                **_named("name", each),
                "unit": each.unit,
                "auxiliary": each.auxiliary,
            }
            for each in parameter_names()
        ),
        "quality_codes": (
            {
                "code": each.code,
                "scope": each.scope.value,
                "excuses": each.excuses,
                **_named("meaning", each),
            }
            for each in named_codes()
        ),
        "finding_kinds": (
            {
                "kind": each.kind,
                **_named("title", each.titles),
                "suspicion": each.suspicion,
                "statistic": each.statistic,
                "unit": each.unit,
                "source": each.source,
            }
            for each in finding_kinds().values()
        ),
        "official_days": _official_days(load_calendar(rules.country.code)),
    }
    for table, rows in tables.items():
        final = " FINAL" if table in lookups else ""  # an earlier row is no row of now
        _write(client, insert_table(table, lookups), list(rows), final)


_LOOKUPS: Final = {
    "source_zones": "SELECT source_id, CAST(timezone, 'String') FROM registry FINAL",
    "channel_units": (
        "SELECT source_id, JSONExtractString(channel, 'parameter'),"
        " JSONExtractString(channel, 'unit')"
        " FROM registry FINAL ARRAY JOIN JSONExtractArrayRaw(document, 'channels') AS channel"
    ),
}
"""What is looked up of the registry, as migration 0019 fills it."""


def write_lookups(client: Client) -> None:
    """Fill what views look up of the registry if it has no row, as after a restored backup."""
    # Its own count: the rows of a Join table with two keys cannot be selected.
    asked = (
        "SELECT name FROM system.tables WHERE database = currentDatabase() "
        "AND name IN {tables:Array(String)} AND total_rows = 0"
    )
    for (table,) in client.query(asked, {"tables": [*_LOOKUPS]}).result_rows:
        client.command(f"INSERT INTO `{table}` {_LOOKUPS[table]}")


def _official_days(calendar: WorkCalendar) -> list[Row]:
    """Return the days that differ from Monday to Friday worked, the weekend off."""
    return [
        {"day": day, "working": working}
        for days, working in ((calendar.off, False), (calendar.worked, True))
        for day in sorted(days)
    ]


def _write(client: Client, table: str, rows: list[Row], final: str) -> None:
    """Insert the rows of a table that are not there; all have the same columns."""
    if not rows:
        return
    columns = list(rows[0])
    asked = ", ".join(f"`{name}`" for name in columns)
    rows_there = client.query(f"SELECT {asked} FROM `{table}`{final}").result_rows  # noqa: S608
    there = {tuple(row) for row in rows_there}
    lacking = [values for row in rows if (values := tuple(row.values())) not in there]
    if lacking:
        client.insert(table, lacking, column_names=columns)


def _named(prefix: str, names: object) -> Row:
    return {f"{prefix}_{language}": getattr(names, language) for language in _LANGUAGES}


def _rule(rule: Rule, rule_set: str) -> Row:
    """Return the columns that both tables of rules have; of two versions the later is last."""
    return {
        "code": rule.code,
        **{f"title_{language}": rule.titles[language] for language in _LANGUAGES},
        "track": rule.track,
        "certainty": rule.certainty,
        "citation": citation(rule.legal_basis),
        "sanction": rule.sanction,
        "valid_from": rule.valid_from,
        "valid_to": rule.valid_to,
        "automatic": rule.automatic,
        "source": rule.source,
        "rule_set": rule_set,
    }


def _rule_set(rules: RuleSet, packed: bytes) -> Row:
    ends = [rule.valid_to for rule in rules.rules]
    known = [end for end in ends if end is not None]
    return {
        "rule_set": rules.version,
        "valid_from": min((rule.valid_from for rule in rules.rules), default=date(1900, 1, 1)),
        "valid_to": max(known) if known and len(known) == len(ends) else None,
        "sha256": sha256(packed).hexdigest(),
        "packed": packed.decode(),
    }


def _condition(rule: Rule) -> str:
    """Return the condition as JSON; factors as they are written."""
    told = msgspec.to_builtins(rule.condition, str_keys=True)
    return msgspec.json.encode(told, order="deterministic").decode()
