"""A build runs a failed test of processes once more, says so, and runs nothing else again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import rerun

ROOT = Path(__file__).parents[1]
PROJECT = {
    "pytest.ini": "[pytest]\nmarkers =\n    process: p\n    generated: g\n",
    "conftest.py": """
from tests.support import rerun
def pytest_collection_modifyitems(items):
    for item in items:
        rerun.mark(item)
""",
    "test_it.py": """
from pathlib import Path
import pytest
SEEN = Path(__file__).parent

def first(name):
    with (SEEN / name).open("a") as file:
        file.write("x")
    return (SEEN / name).read_text() == "x"

@pytest.fixture(scope="module")
def shared():
    assert not first("setups"), "a server that does not start"

@pytest.mark.process
def test_a_setup_that_fails_once(shared):
    pass

@pytest.mark.process
def test_what_was_set_up_again_is_kept(shared):
    assert (SEEN / "setups").read_text() == "xx"

@pytest.mark.process
def test_fails_once_and_finds_nothing_of_its_first_run(tmp_path):
    (tmp_path / "left").mkdir()
    assert not first("calls")

@pytest.mark.process
def test_fails_twice():
    first("always")
    assert False

@pytest.mark.process
@pytest.mark.generated
def test_generated():
    assert not first("generated")

def test_calculates():
    assert not first("calculates")
""",
}


@pytest.mark.process
@pytest.mark.parametrize("processes", ["2", pytest.param("0", marks=pytest.mark.long)])
def test_only_tests_of_processes_run_again_and_the_summary_names_them(
    tmp_path: Path, processes: str
) -> None:
    for name, text in PROJECT.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rRf", "-q"),
            *("--timeout", "300", "-n", processes, "--dist", "loadfile"),
        ],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    told = done.stdout.splitlines()
    again = {line.split("::")[1] for line in told if line.startswith("RERUN")}
    failed = {line.split("::")[1].split()[0] for line in told if line.startswith("FAILED")}
    assert again == {
        "test_a_setup_that_fails_once",
        "test_fails_once_and_finds_nothing_of_its_first_run",
        "test_fails_twice",
    }
    assert failed == {"test_fails_twice", "test_generated", "test_calculates"}
    assert "3 failed, 3 passed, 3 rerun" in told[-1]
    assert (tmp_path / "always").read_text() == "xx"
    assert (tmp_path / "generated").read_text() == (tmp_path / "calculates").read_text() == "x"


def test_this_run_marks_only_where_it_was_asked_to(request: pytest.FixtureRequest) -> None:
    marked = [item for item in request.session.items if item.get_closest_marker("flaky")]
    assert bool(marked) is rerun.WANTED
    assert all(item.get_closest_marker("process") for item in marked)
