"""Lays a verification out as text, 80 columns wide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Final

from emissions.verify.run import Key, Verification
from emissions.verify.words import WORDS
from streams.core.time.local_clock import iso

WIDTH: Final = 80
MOST: Final = 20
"""Problems that are shown; all of them stand in the JSON."""


def report_of(found: Verification, language: str, width: int = WIDTH) -> str:
    """Return the text of a verification."""
    return "\n".join(_lines(found, WORDS[language], width)) + "\n"


def _lines(found: Verification, words: dict[str, str], width: int) -> Iterator[str]:
    verdict = words["verified" if found.verified else "not_verified"]
    subject = words[found.subject or "unknown"].format(id=found.id, revision=found.revision)
    yield from _wrapped(f"{verdict}  {subject}", "", width)
    yield ""
    if found.verified:
        for said in held_lines(found, words):
            yield from _wrapped(said, "  + ", width)
    for code, said, problems in problem_groups(found, words):
        yield from _wrapped(f"{said} ({code}):", "  ", width)
        for problem in problems:
            yield from _wrapped(problem, "    ", width)
    if len(found.problems) > MOST:
        yield "    " + words["more"].format(count=len(found.problems) - MOST)
    notes = () if found.judged is None else found.judged.notes
    for note in notes:
        yield from _wrapped(f"{words['note']}: {note}", "  ", width)
    keys = {each.key: each for each in (*found.statement, *found.checkpoint)}
    if keys:
        yield ""
        yield from _wrapped(words["given" if found.trusting else "inside"], "", width)
        for key in keys.values():
            yield from _key_lines(key, words)


def problem_groups(
    found: Verification, words: dict[str, str]
) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the code of each kind of problem, its words, and what is wrong where."""
    groups: dict[str, list[str]] = {}
    for each in found.problems[:MOST]:
        groups.setdefault(each.code, []).append(f"{each.where}: {each.what}")
    for code, problems in groups.items():
        yield code, words[code], problems


def held_lines(found: Verification, words: dict[str, str]) -> Iterator[str]:
    """Yield a sentence for each thing that holds."""
    judged = found.judged
    if judged is None:
        return
    values = {
        "files": found.files,
        "size": f"{found.size:,}".replace(",", " "),
        "records": found.records,
        "log": found.log,
        "leaves": found.leaves,
        "stamped": "" if found.stamped is None else iso(found.stamped * 1000),
        "readings": judged.readings,
        "roots": judged.roots,
        "violations": judged.violations,
        "cases": judged.cases,
    }
    signers = {"statement": _names(found.statement), "log": _names(found.checkpoint)}
    for name in ("bytes", "statement", "log", "stamped", "messages", "judged"):
        if name == "stamped" and found.stamped is None:
            continue
        yield words[name].format(**values, key=signers.get(name, ""))


def _names(keys: Iterable[Key]) -> str:
    return ", ".join(each.key.partition("+")[0] for each in keys)


def _key_lines(key: Key, words: dict[str, str]) -> Sequence[str]:
    said = words["trusted" if key.trusted else "untrusted"]
    return [f"  {key.key}", f"    {said}"]


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return wrap(
        text, width, initial_indent=indent, subsequent_indent=" " * len(indent) or "  ",
        break_on_hyphens=False,
    )  # fmt: skip
