"""The changelog: an entry is a line or two, under a heading of Keep a Changelog."""

from __future__ import annotations

from pathlib import Path
from typing import Final

CHANGELOG: Final = Path(__file__).parents[2] / "CHANGELOG.md"
HEADINGS: Final = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
LONGEST: Final = 2
WIDTH: Final = 120


def entries() -> list[list[str]]:
    """Every entry as its lines."""
    found: list[list[str]] = []
    for line in CHANGELOG.read_text(encoding="utf-8").splitlines():
        if line.startswith("- "):
            found.append([line])
        elif line.startswith("  "):
            found[-1].append(line)
    return found


def test_no_entry_is_longer_than_two_lines() -> None:
    assert entries()
    assert [entry[0] for entry in entries() if len(entry) > LONGEST] == []


def test_lines_are_not_wider_than_a_page() -> None:
    assert [line for entry in entries() for line in entry if len(line) > WIDTH] == []


def test_no_entry_is_there_twice() -> None:
    texts = [" ".join(entry) for entry in entries()]
    assert len(texts) == len(set(texts))


def test_sections_are_those_of_keep_a_changelog() -> None:
    lines = CHANGELOG.read_text(encoding="utf-8").splitlines()
    assert {line.removeprefix("### ") for line in lines if line.startswith("### ")} <= HEADINGS
