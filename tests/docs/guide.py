"""Carries out a guide of docs/how-to in a copy of the project, block by block.

A block of a guide is one of three: a new file (its language and ``title="path"``, in which
``NNNN`` is the number after the last of the files beside it), a change
(``diff``, hunks found by their lines and not by numbers), or a session (``console``: each line
that begins with ``$`` is run, the lines below it must come out in that order, and ``...`` stands
for any number of lines; a command fails where it ends with ``# fails``, and succeeds elsewhere).
Blocks of another kind are for reading.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
GUIDES: Final = ROOT / "docs" / "how-to"

_BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_HUNK = re.compile(r"^@@.*\n", re.MULTILINE)
_BEING_WRITTEN = shutil.ignore_patterns("*.pyc.*")
_LONGEST_S = 900  # of one command, on a machine that does much else
_OF_A_BUILD: Final = ("CI", "BUILD_NUMBER")


class Block(NamedTuple):
    """A fenced block: its language, the path in its title ("": none) and its text."""

    language: str
    title: str
    text: str


def blocks(guide: Path) -> list[Block]:
    """Read the fenced blocks of a guide, in their order."""
    return [Block(*found) for found in _BLOCK.findall(guide.read_text("utf-8"))]


def copy_project(folder: Path) -> Path:
    """Copy every file that git knows or would add; return the folder of the copy.

    With what Python compiled of each, which is good as long as the file is not changed: to compile
    the project again for each guide takes longer than what most of them do.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    copy = folder / "project"
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    for folder in {Path(name).parent for name in listed.split("\0") if name.endswith(".py")}:
        compiled = ROOT / folder / "__pycache__"
        if compiled.is_dir():
            shutil.copytree(compiled, copy / folder / "__pycache__", ignore=_BEING_WRITTEN)
    return copy


def follow(guide: Path, copy: Path) -> None:
    """Carry out every block of a guide in the copy. Raises AssertionError where one fails."""
    for block in blocks(guide):
        if block.title:
            path = _numbered(copy / block.title)
            assert not path.exists(), f"{guide.name}: {block.title} exists already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
        elif block.language == "diff":
            _change(block.text, copy, guide.name)
        elif block.language == "console":
            _run(block.text, copy, guide.name)


def _numbered(path: Path) -> Path:
    """Replace NNNN in the name by the number after the last one in the folder."""
    if "NNNN" not in path.name:
        return path
    numbers = [int(other.name[:4]) for other in path.parent.glob("[0-9][0-9][0-9][0-9]_*")]
    return path.with_name(path.name.replace("NNNN", f"{max(numbers) + 1:04}"))


def _change(text: str, copy: Path, guide: str) -> None:
    for part in re.split(r"^--- a/", text, flags=re.MULTILINE)[1:]:
        name, _, rest = part.partition("\n")
        path = copy / name.strip()
        content = path.read_text("utf-8")
        for hunk in _HUNK.split(rest)[1:]:
            lines = hunk.splitlines(keepends=True)
            old = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
            new = "".join(line[1:] or "\n" for line in lines if not line.startswith("-"))
            assert content.count(old) == 1, (
                f"{guide}: these lines stand {content.count(old)} times in {name.strip()}; "
                f"the guide must follow the file:\n{old}"
            )
            content = content.replace(old, new)
        path.write_text(content, "utf-8")


def _run(text: str, copy: Path, guide: str) -> None:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=copy, env=_environment(copy), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=_LONGEST_S,
        )  # fmt: skip
        told = f"{guide}: $ {command}\nexpected\n{expected}\nand got\n{done.stdout}"
        assert (done.returncode != 0) is command.endswith("# fails"), told
        assert _shows(done.stdout, expected), told


def _environment(copy: Path) -> dict[str, str]:
    """The variables of this process; the modules of the copy come before those installed.

    Without those by which pytest learns that a build runs it: there it writes a summary of many
    lines, and the guides show what a person sees.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_A_BUILD}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**inherited, "PATH": path, "PYTHONPATH": str(copy), "COLUMNS": "100"}


def _shows(output: str, expected: str) -> bool:
    """Tell whether the expected lines come out in order, with nothing between but at `...`.

    Inside a line `...` stands for whatever depends on what else was added.
    """
    pattern = "".join(
        r"(?:.*\n)*?"
        if line.strip() == "..."
        else re.escape(line.rstrip()).replace(r"\.\.\.", ".*") + r"[ \t]*\n"
        for line in expected.splitlines()
    )
    return re.search(pattern, output + "\n") is not None
