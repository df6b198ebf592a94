"""Every guide of docs/how-to can be followed to its end, in a copy of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.guide import GUIDES, copy_project, follow

pytestmark = [pytest.mark.process, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("guide", sorted(GUIDES.glob("*.md")), ids=lambda guide: guide.stem)
def test_guide_can_be_followed(guide: Path, tmp_path: Path) -> None:
    follow(guide, copy_project(tmp_path))
