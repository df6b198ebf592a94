"""Who may import whom: the contracts of pyproject.toml hold, and each of them notices a breach."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[1]
PACKAGES = ("emissions", "sinks", "streams", "deploy", "schemas")
LINT = (sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()")


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts in a tree."""
    return subprocess.run(
        [*LINT, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False
    )


def broken_in(tree: Path) -> list[str]:
    """Return the names of the contracts that a tree breaks."""
    lines = lint(tree).stdout.replace("\n", " ").split("Contracts: ")[0]
    return [line for line in NAMES if f"{line} BROKEN" in lines]


NAMES = [
    line.split('"')[1]
    for line in (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    if line.startswith("name = ") and ":" in line
]


def test_the_tree_keeps_every_contract() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert f"{len(NAMES)} kept, 0 broken" in done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages, to break."""
    copy = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return copy


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("schemas/__init__.py", "import streams.settings", "Floors"),
        ("sinks/__init__.py", "import deploy.embedded", "Floors"),
        ("streams/kafka/__init__.py", "import streams.runtime", "Worker"),
        ("streams/beside.py", "", "Worker"),
        ("streams/core/law/__init__.py", "import streams.core.state", "Core: each room"),
        ("streams/core/law/__init__.py", "import streams.rules", "Worker"),
        ("streams/core/law/__init__.py", "import time", "Purity"),
        ("streams/rules/__init__.py", "import streams.settings", "Purity"),
        ("streams/core/law/__init__.py", "import schemas.codec", "Core: of the wire"),
        ("emissions/simulation/__init__.py", "import emissions.audit", "Program"),
        ("emissions/publication/decide.py", "import time", "Publication"),
        ("emissions/publication/decide.py", "import sinks.roles", "Publication"),
        ("sinks/columns.py", "import sinks.worker", "No circles"),
    ],
)
def test_a_forbidden_import_breaks_its_contract(
    tree: Path, module: str, line: str, contract: str
) -> None:
    path = tree / module
    before = path.read_text("utf-8") if path.exists() else None
    path.write_text((before or '"""New."""\n') + f"\n{line}\n")
    try:
        assert any(name.startswith(contract) for name in broken_in(tree))
    finally:
        path.unlink() if before is None else path.write_text(before)
