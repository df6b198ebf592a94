"""``python -m tests.oracle REGISTRY INPUT [--until T] [--notices FILE] --export DIR``."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.oracle import export
from tests.oracle.calculate import calculate


def main() -> None:
    """Calculate and write the export."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("registry", type=Path)
    parser.add_argument("input", type=Path)
    parser.add_argument("--until", help="ISO 8601 with an offset; default: last arrival + 20 min")
    parser.add_argument("--notices", type=Path, help="YAML, as replay takes it")
    parser.add_argument("--measures", type=Path, help="YAML, as replay takes it")
    parser.add_argument("--export", type=Path, required=True)
    chosen = parser.parse_args()
    found = calculate(
        chosen.registry,
        chosen.input,
        chosen.until,
        notices=chosen.notices,
        measures=chosen.measures,
        with_cases=True,
    )
    export.write(found, chosen.export)


if __name__ == "__main__":
    main()
