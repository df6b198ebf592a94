"""Writes and reads export directories (section 11)."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from tests.oracle.calculate import Export

COLUMNS = {
    "means.csv": (
        "source_id,parameter,unit,window,start,value,valid_s,due_s,status,limit,revision"
    ),
    "gaps.csv": "source_id,parameter,start,end,status",
    "dead-letters.csv": "reason,source_id,row",
}


def write(export: Export, directory: Path) -> None:
    """The five files; dead letters name the input row, having no partition and no offset."""
    directory.mkdir(parents=True, exist_ok=True)
    tables = {
        "means.csv": export.means,
        "gaps.csv": export.gaps,
        "dead-letters.csv": export.dead_letters,
    }
    for name, rows in tables.items():
        with (directory / name).open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, COLUMNS[name].split(","), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    lines = [json.dumps(violation, ensure_ascii=False) for violation in export.violations]
    text = "".join(f"{line}\n" for line in lines)
    (directory / "violations.ndjson").write_text(text, encoding="utf-8")
    text = "".join(f"{json.dumps(case, ensure_ascii=False)}\n" for case in export.cases)
    (directory / "cases.ndjson").write_text(text, encoding="utf-8")


def read(directory: Path, name: str) -> list[dict[str, Any]]:
    """The rows of one file of an export directory."""
    with (directory / name).open(encoding="utf-8", newline="") as lines:
        if name.endswith(".ndjson"):
            return [json.loads(line) for line in lines]
        return list(csv.DictReader(lines))
