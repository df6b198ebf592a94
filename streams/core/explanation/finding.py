"""Explains a finding by what was published of it: nothing is computed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streams.core.explanation.explain import Explanation
from streams.core.explanation.node import Node, Trace, Value
from streams.core.explanation.words import LANGUAGES, Words, number_text
from streams.core.records.findings import Finding
from streams.core.time.local_clock import iso

ROOT = "finding"


def explain_finding(
    revisions: Sequence[Finding],
    titles: Mapping[str, str] | None,
    zone_name: str,
    language: str,
) -> Explanation:
    """Lay out the facts of a finding, whose ``revisions`` (at least one) are in order.

    ``titles`` of its kind by language; None: of a kind that has none here.
    """
    last, words, trace = revisions[-1], Words(language, zone_name), Trace()
    title = last.kind if titles is None else titles[language]
    trace.root(ROOT, Node(title, _said(last, words), last.value, last.unit or "", last.status))
    numbers: dict[str, Value] = {
        "bin": last.bin,
        "source_id": last.source_id,
        "parameter": last.parameter,
    }
    trace.add(ROOT, "subject", Node(words("subject"), _subject(last), numbers=numbers))
    if last.statistic:
        compared: dict[str, Value] = {"threshold": last.threshold}
        node = Node(
            words("number"), _number(last, words), last.value, last.unit or "", numbers=compared
        )
        trace.add(ROOT, "number", node)
    trace.add(ROOT, "look_at", Node(words("look_at"), last.detail))
    basis = last.basis or words("s_suspicion")
    trace.add(ROOT, "basis", Node(words("basis"), basis, reason=last.track))
    address = trace.add(ROOT, "revisions", Node(words("revisions"), value=len(revisions)))
    for each in revisions:
        said = f"{words.moment(each.detected_at)}: {each.status}, {number_text(each.value)}"
        told: dict[str, Value] = {"detected_at": iso(each.detected_at)}
        trace.add(
            address,
            str(each.revision),
            Node(f"{words('revision')} {each.revision}", said, each.value, numbers=told),
        )
    note = words("s_finding_not_compared")
    trace.add(ROOT, "equality", Node(words("equality"), note, reason="NOT_COMPARED"))
    factors = {each: _factors(last, titles, Words(each, zone_name)) for each in LANGUAGES}
    return Explanation(
        last.id, ROOT, title, language, zone_name, True, (), (note,), factors, trace.nodes(),
        compared=False,
    )  # fmt: skip


def _subject(finding: Finding) -> str:
    return " ".join(
        part for part in (finding.source_id or finding.bin, finding.parameter or "") if part
    )


def _said(finding: Finding, words: Words) -> str:
    return words(
        "s_violation",
        rule=finding.kind,
        what=_subject(finding),
        span=words.span(finding.start, finding.end),
        revision=finding.revision,
        status=finding.status,
    )


def _number(finding: Finding, words: Words) -> str:
    unit = "" if finding.unit in (None, "1") else f" {finding.unit}"
    value = number_text(finding.value) + unit
    if finding.threshold is None:
        return f"{finding.statistic}: {value}."
    return words(
        "s_number",
        statistic=finding.statistic,
        value=value,
        threshold=number_text(finding.threshold) + unit,
    )


def _factors(finding: Finding, titles: Mapping[str, str] | None, words: Words) -> tuple[str, ...]:
    """Say it in a few sentences; the finding's own sentence is in English."""
    title = finding.kind if titles is None else titles[words.language]
    said = [
        f"{title}: {_subject(finding)}.",
        words("k_when", span=words.span(finding.start, finding.end)),
    ]
    if finding.statistic:
        said.append(_number(finding, words))
    said += [finding.detail, finding.basis or words("s_suspicion"), words("s_finding_not_compared")]
    return tuple(said)
