"""The independent calculation gives what a person computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracle import cases
from tests.oracle.calculate import calculate
from tests.oracle.cases.case import Case


@pytest.mark.parametrize("case", cases.ALL, ids=lambda case: case.name)
def test_case(case: Case, tmp_path: Path) -> None:
    registry, readings = case.write(tmp_path)
    export = calculate(registry, readings, case.until, notices=case.notice_file(tmp_path))
    assert case.check(export.means, export.gaps, export.violations, export.dead_letters) == []
