"""The proofs of a bundle, checked by code of others: Go's note and tlog."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from streams.core.evidence.bundle.archive import pack, unpack
from tests.emissions.verify.made import LOG_NAME, minute_bundle

pytestmark = [pytest.mark.process, pytest.mark.long]
SOURCE = Path(__file__).parent / "foreign"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program, built; skipped where Go or its modules are not there."""
    if shutil.which("go") is None:
        pytest.skip("there is no Go here")
    made = tmp_path_factory.mktemp("foreign") / "foreign"
    done = subprocess.run(
        ["go", "build", "-o", str(made), "."], cwd=SOURCE, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    if done.returncode and "dial tcp" in done.stderr:
        pytest.skip(f"the modules of Go cannot be fetched: {done.stderr[:200]}")
    assert not done.returncode, done.stderr
    return made


def check(program: Path, path: Path, data: bytes) -> subprocess.CompletedProcess[str]:
    path.write_bytes(data)
    return subprocess.run(
        [str(program), str(path), LOG_NAME.text], capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip


def test_go_finds_every_record_in_the_log_and_a_changed_one_not(
    program: Path, tmp_path: Path
) -> None:
    done = check(program, tmp_path / "case.zip", minute_bundle())
    assert done.returncode == 0, done.stderr
    assert "records are in the log" in done.stdout
    files = unpack(minute_bundle())
    name = next(each for each in files if each.startswith("records/violation"))
    changed = pack({**files, name: files[name][:-1] + b"\x01"})
    done = check(program, tmp_path / "other.zip", changed)
    assert done.returncode == 1
    assert "invalid" in done.stderr
