"""``python -m tests.schemas.new_version``: give every schema that was changed a new version.

A message is read by the schema it was written with, for ever. So the version before stays, in
``schemas/`` under its id, the new one gets the next id; both are kept in ``history/``, and the
bytes of an example in ``golden/``.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Final

from schemas.definitions import (
    Definition,
    current,
    define,
    packaged,
    packaged_ids,
    same_on_the_wire,
)
from schemas.encoding.compiler import compile_encoder
from tests.schemas.compatibility import incompatibilities
from tests.schemas.examples import RECORDS

ROOT: Final = Path(__file__).parents[2]
SCHEMAS: Final = ROOT / "schemas"
HISTORY: Final = ROOT / "tests" / "schemas" / "history"
GOLDEN: Final = ROOT / "tests" / "schemas" / "golden"


def main() -> None:
    """Write what a new version needs, and name it. Raises SystemExit for an incompatible one."""
    for definition in current().values():
        file = next(file for file in packaged_ids().values() if packaged(file) is definition)
        before = sorted(HISTORY.glob(f"*/{file}"), key=lambda path: int(path.parent.name[1:]))
        newest = before[-1].read_text("utf-8")
        written = define(newest)
        assert written is not None
        if same_on_the_wire(definition, written):
            continue
        reasons = incompatibilities(definition.parsed, written.parsed)
        if reasons:
            raise SystemExit(f"schemas/{file} cannot read what was written: {'; '.join(reasons)}")
        _add(definition, file, newest, len(before))


def _add(definition: Definition, file: str, newest: str, versions: int) -> None:
    """Keep the version before under its id; give the new one an id, a history and golden bytes."""
    kept = f"{file.removesuffix('.avsc')}_v{versions}.avsc"
    (SCHEMAS / kept).write_text(newest, "utf-8")
    ids = {number: kept if name == file else name for number, name in packaged_ids().items()}
    new = max(ids) + 1
    ids[new] = file
    table = {str(number): name for number, name in sorted(ids.items())}
    (SCHEMAS / "ids.json").write_text(json.dumps(table, indent=2) + "\n", "utf-8")
    version = f"v{versions + 1}"
    (HISTORY / version).mkdir(exist_ok=True)
    (HISTORY / version / file).write_text(definition.text, "utf-8")
    encode = compile_encoder(definition.parsed, struct.pack(">BI", 0, new))
    golden = GOLDEN / f"{definition.name}.{version}.hex"
    golden.write_text(encode(RECORDS[definition.name]).hex() + "\n", "utf-8")
    print(f"{definition.name} {version}: id {new}; {kept} keeps the version before")


if __name__ == "__main__":
    main()
