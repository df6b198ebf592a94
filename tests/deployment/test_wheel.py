"""A wheel holds what the tree holds, whatever was built before."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
PACKAGES = ("emissions", "streams", "schemas", "sinks", "deploy")
NOT_PACKAGED = {  # files for those who deploy from a checkout
    "deploy/Dockerfile",
    "deploy/Dockerfile.dockerignore",
    "deploy/production.env",
}
NOT_PACKAGED_EITHER = ("grafana", "kubernetes", "prometheus", "systemd")
"""Folders of deploy/ that hold only such files."""


def in_the_tree(root: Path) -> set[str]:
    return {
        str(path.relative_to(root))
        for package in PACKAGES
        for path in (root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        if path.relative_to(root).parts[:2]
        not in {("deploy", each) for each in NOT_PACKAGED_EITHER}
    }


def test_a_wheel_holds_what_the_tree_holds_and_nothing_of_an_earlier_build(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for left_behind in ("build/lib/streams/rules/kz/KZ-GONE.yaml", "build/lib/streams/gone.py"):
        (tree / left_behind).parent.mkdir(parents=True, exist_ok=True)
        (tree / left_behind).write_text("")
    build = "from setuptools import build_meta; print(build_meta.build_wheel('dist'))"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    wheel = tree / "dist" / done.stdout.splitlines()[-1]
    with zipfile.ZipFile(wheel) as file:
        names = {name for name in file.namelist() if ".dist-info/" not in name}
        licences = [name for name in file.namelist() if name.endswith("licenses/LICENSE")]
    assert names == in_the_tree(ROOT) - NOT_PACKAGED
    assert len(licences) == 1
