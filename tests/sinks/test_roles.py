"""The roles of ClickHouse. The embedded engine keeps no roles: it parses what makes them."""

from __future__ import annotations

import re

from click.testing import CliRunner

from emissions.cli.main import cli
from sinks.roles import ROLES, grants, statements
from tests.support.clickhouse import TestClickHouse


def tables(clickhouse: TestClickHouse) -> list[str]:
    database = clickhouse.settings.clickhouse_database
    return [
        row[0]
        for row in clickhouse.rows(f"SELECT name FROM system.tables WHERE database = '{database}'")
    ]


def test_every_statement_is_one_of_the_engine(clickhouse: TestClickHouse) -> None:
    made = list(statements("emissions", tables(clickhouse)))
    for statement in made:
        told = clickhouse.client.query("SELECT formatQuery({s:String})", {"s": statement})
        assert told.result_rows[0][0]
    assert len(made) == len(set(made))


def test_on_a_cluster_each_node_has_them_with_shards_and_dictionaries(
    clickhouse: TestClickHouse,
) -> None:
    there = [*tables(clickhouse), "means_local", "readings_local", "raw_messages_local"]
    made = list(statements("emissions", there, "nation", {"regions", "rules"}))
    for statement in made:
        assert " ON CLUSTER `nation`" in statement
        told = clickhouse.client.query("SELECT formatQuery({s:String})", {"s": statement})
        assert told.result_rows[0][0]
    public = {each for each in made if each.endswith(" TO `emissions_public`")}
    given = "GRANT ON CLUSTER `nation`"
    assert {
        f"{given} SELECT ON `emissions`.`means` TO `emissions_public`",
        f"{given} SELECT ON `emissions`.`means_local` TO `emissions_public`",
        f"{given} SELECT(interval_start) ON `emissions`.`readings_local` TO `emissions_public`",
        f"{given} dictGet ON `emissions`.`regions` TO `emissions_public`",
        f"{given} dictGet ON `emissions`.`rules` TO `emissions_public`",
    } <= public
    assert not any("raw_messages" in each for each in public)
    assert f"{given} dictGet ON `emissions`.* TO `emissions_writer`" in made
    assert f"{given} dictGet ON `emissions`.* TO `emissions_authority`" in made
    assert not any("dictGet" in each and "emissions_recorder" in each for each in made)
    alone = list(statements("emissions", there))
    assert not any("CLUSTER" in each or "dictGet" in each for each in alone)


def test_what_is_given_exists(clickhouse: TestClickHouse) -> None:
    there = tables(clickhouse)
    database = clickhouse.settings.clickhouse_database
    columns = set(
        clickhouse.rows(f"SELECT table, name FROM system.columns WHERE database = '{database}'")
    )
    for allowed in grants("x", there).values():
        for grant in allowed:
            table = grant.rpartition(".")[2].strip("`")
            assert table == "*" or table in there
            for column in re.findall(r"\w+", (re.findall(r"\((.*)\)", grant) or [""])[0]):
                assert (table, column) in columns


def test_the_public_sees_no_raw_readings_and_no_names_of_cases(clickhouse: TestClickHouse) -> None:
    given = grants("x", tables(clickhouse))
    assert set(given) == set(ROLES)
    public = " ".join(given["public"])
    assert given["portal"] == given["public"]
    assert re.findall(r"\S+ ON `x`\.`readings`", public) == [
        "SELECT(interval_start) ON `x`.`readings`"
    ]
    for closed in ("readings_", "raw_messages", "findings", "dead_letters", "measures", "notices"):
        assert not re.search(rf"`{closed}\w*`", public)
    assert not re.search(r"`(?:case|violation)\w*`", public)
    assert "raw_messages" not in " ".join(given["analyst"])
    assert [name for name in given if "INSERT" in " ".join(given[name])] == [
        *("writer", "recorder", "regulator")
    ]
    for role in ("inspector", "analyst", "public", "recorder", "regulator"):
        assert not re.search(r"SELECT[^`]*ON `x`\.(\*|`access_records`)", " ".join(given[role]))
    assert given["authority"] == ["SELECT ON `x`.*"]


def test_a_user_who_may_not_is_told_so(clickhouse: TestClickHouse) -> None:
    done = CliRunner().invoke(cli, ["migrate", "--roles"], env=clickhouse.settings.as_env())
    assert done.exit_code == 1
    assert done.stderr.startswith("emissions: ClickHouse: ")
    assert "CREATE ROLE" in done.stderr


def test_what_is_open_stands_on_what_is_open(clickhouse: TestClickHouse) -> None:
    """A view runs with the rights of whoever asks: the public needs what is beneath it."""
    database = clickhouse.settings.clickhouse_database
    given = {grant.rpartition(".")[2].strip("`") for grant in grants("x", [])["public"]}
    told = clickhouse.rows(
        "SELECT name, as_select FROM system.tables "
        f"WHERE database = '{database}' AND engine = 'View'"
    )
    names = set(tables(clickhouse))
    lacking = {
        name: beneath - given
        for name, text in told
        if name in given
        for beneath in [names & set(re.findall(rf"{database}\.`?(\w+)", text))]
        if beneath - given
    }
    assert lacking == {}


def test_views_with_other_rights_are_those_of_the_public_and_tell_no_id(
    clickhouse: TestClickHouse,
) -> None:
    """Only they run with the rights of who migrated; ids are of what may be named already."""
    database = clickhouse.settings.clickhouse_database
    told = clickhouse.rows(
        "SELECT name, create_table_query FROM system.tables "
        f"WHERE database = '{database}' AND engine = 'View'"
    )
    defined = {name for name, text in told if "SQL SECURITY DEFINER" in text}
    assert defined == {name for name, _ in told if name.startswith("public_")}
    granted = " ".join(grants("x", tables(clickhouse))["public"])
    assert defined == {name for name in defined if f"`{name}`" in granted}
    columns = clickhouse.rows(
        "SELECT DISTINCT table FROM system.columns "
        f"WHERE database = '{database}' AND startsWith(table, 'public_') AND type LIKE '%UUID%'"
    )
    assert {table for (table,) in columns} == {
        *("public_cases", "public_violations", "public_violation_revisions")
    }
