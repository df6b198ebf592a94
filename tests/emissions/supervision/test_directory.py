"""A directory of a stack: one process has it, it stays what it was, its keys are private."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from emissions.supervision.directory import (
    About,
    StackDirectory,
    StackError,
    environment,
    fitting,
)
from streams.settings import Settings

MADE = About(broker="embedded", partitions=4, broker_port=9092, clickhouse_port=8123)
DEFAULTS = (9092, 8123, 8080)
TRICKY = "a'b $c"


def test_a_directory_says_what_it_was_made_as(tmp_path: Path) -> None:
    with StackDirectory(tmp_path / "new") as opened:
        assert opened.read() is None
        opened.write(MADE)
    with StackDirectory(tmp_path / "new") as opened:
        assert opened.read() == MADE


def refused(directory: Path, about: About, *, ran: bool = False) -> None:
    """Use a directory until an error, before or after something ran."""
    with StackDirectory(directory) as opened:
        opened.write(about)
        opened.clickhouse_key()
        (directory / "state").mkdir(exist_ok=True)
        if ran:
            opened.keep()
        raise StackError("the port is taken")


def test_an_error_before_anything_ran_leaves_nothing_of_a_new_directory(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for new in (tmp_path / "a" / "b" / "new", tmp_path / "empty"):
        with pytest.raises(StackError):
            refused(new, MADE)
    assert list(tmp_path.iterdir()) == [tmp_path / "empty"]
    assert list((tmp_path / "empty").iterdir()) == []


def test_an_error_before_anything_ran_leaves_a_used_directory_as_it_was(tmp_path: Path) -> None:
    with StackDirectory(tmp_path) as opened:
        opened.write(MADE)
        key = opened.clickhouse_key()
    with pytest.raises(StackError):
        refused(tmp_path, msgspec.structs.replace(MADE, broker_port=80))
    with StackDirectory(tmp_path) as opened:
        assert (opened.read(), opened.clickhouse_key()) == (MADE, key)


def test_what_ran_is_kept_whatever_ends_it(tmp_path: Path) -> None:
    with pytest.raises(StackError):
        refused(tmp_path / "new", MADE, ran=True)
    with StackDirectory(tmp_path / "new") as opened:
        assert opened.read() == MADE


def test_a_second_process_is_refused_with_the_number_of_the_first(tmp_path: Path) -> None:
    with (
        StackDirectory(tmp_path),
        pytest.raises(StackError, match=rf"already runs on .* \(process {os.getpid()}\)"),
        StackDirectory(tmp_path),
    ):
        pass
    with StackDirectory(tmp_path):
        pass


def test_a_directory_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(StackError, match="holds other files"), StackDirectory(tmp_path):
        pass


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    with StackDirectory(tmp_path) as opened:
        opened.write(About(form=2, broker="kafka", partitions=4, broker_port=1, clickhouse_port=2))
        with pytest.raises(StackError, match="has form 2, this version knows 1"):
            opened.read()
        (tmp_path / "stack.json").write_text("{")
        with pytest.raises(StackError, match=r"stack\.json"):
            opened.read()


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    with StackDirectory(tmp_path) as opened:
        key = opened.clickhouse_key()
        assert opened.clickhouse_key() == key
        file = opened.write_environment(Settings(clickhouse_password=key))
        for each in (tmp_path / "clickhouse.key", file):
            assert each.stat().st_mode & 0o777 == 0o600
        (tmp_path / "clickhouse.key").write_text("")
        assert len(opened.clickhouse_key()) > 20


def test_the_environment_leads_to_the_stack_and_quotes_what_a_shell_would_read() -> None:
    settings = Settings(broker="127.0.0.1:1", partitions=6, clickhouse_password=TRICKY)
    lines = environment(settings).splitlines()
    assert "export EMISSIONS_BROKER=127.0.0.1:1" in lines
    assert "export EMISSIONS_CLICKHOUSE_URL=http://127.0.0.1:8123" in lines
    assert "export EMISSIONS_PARTITIONS=6" in lines
    assert """export EMISSIONS_CLICKHOUSE_PASSWORD='a'"'"'b $c'""" in lines
    assert not any("STATE_DIRECTORY" in line for line in lines)


def test_a_new_directory_takes_what_is_asked_for_and_the_usual_ports() -> None:
    assert fitting(
        None,
        broker=None,
        partitions=4,
        broker_port=None,
        clickhouse_port=18123,
        portal_port=18080,
        defaults=DEFAULTS,
    ) == About(
        broker="embedded", partitions=4, broker_port=9092, clickhouse_port=18123, portal_port=18080
    )


def test_a_later_start_may_choose_other_ports_and_keeps_them_otherwise() -> None:
    moved = fitting(
        MADE,
        broker=None,
        partitions=4,
        broker_port=19092,
        clickhouse_port=None,
        defaults=DEFAULTS,
    )
    assert (moved.broker_port, moved.clickhouse_port) == (19092, 8123)


@pytest.mark.parametrize(
    ("partitions", "broker", "why"),
    [(4, "kafka", "made with the embedded broker"), (6, None, "made with 4 partitions")],
)
def test_broker_and_partitions_cannot_change(partitions: int, broker: str | None, why: str) -> None:
    with pytest.raises(StackError, match=why):
        fitting(
            MADE,
            broker="kafka" if broker else None,
            partitions=partitions,
            broker_port=None,
            clickhouse_port=None,
            defaults=DEFAULTS,
        )
