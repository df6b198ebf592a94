"""``emissions violations``: what the violations topic says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from streams.cli.output import format_option, show_rows
from streams.cli.running import run

if TYPE_CHECKING:
    from schemas.codec import Codec
    from streams.settings import Settings

COLUMNS = (
    "status", "rule", "bin", "source_id", "parameter", "start", "end", "value", "limit", "unit",
    "ratio", "automatic",
)  # fmt: skip


@click.command("violations")
@click.option("--follow", is_flag=True, help="Go on and print each change as it is published.")
@format_option
def command(follow: bool, form: str) -> None:
    """Print the violations, the last revision of each; with --follow every change from then on.

    \b
    Examples:
      emissions violations
      emissions violations --follow --format json | jq .rule
    """
    from streams.settings import Settings

    settings = Settings.from_env()
    from streams.cli.connection import codec_of

    run(_print(settings, codec_of(settings), follow, form))


async def _print(settings: Settings, codec: Codec, follow: bool, form: str) -> None:
    from streams.replay.client import consumer_of
    from streams.replay.export import Findings, standing_violations, violation_document
    from streams.replay.logs import ends_of, read_log

    ends = await ends_of(settings, settings.topic_violations)
    async with consumer_of(settings) as consumer:
        findings = Findings()
        async for record in read_log(consumer, ends):
            if record.value is not None:
                findings.add(*codec.decode(record.value))
        show_rows(map(violation_document, standing_violations(findings)), COLUMNS, form)
        if not follow:
            return
        consumer.assign(list(ends))
        for partition, end in ends.items():
            consumer.seek(partition, end)
        async for record in consumer:
            if record.value is not None:
                _, change = codec.decode(record.value)
                show_change(violation_document(change), form)


def show_change(document: dict[str, Any], form: str) -> None:
    """Print one change of a violation: a line for people or a JSON object."""
    if form == "json":
        show_rows([document], (), form)
        return
    subject = document["source_id"] or document["bin"]
    ratio = None if document["ratio"] is None else f"ratio {document['ratio']:.3g}"
    parts = (
        f"{document['status']:<9} {document['rule']:<9} {subject}",
        document["parameter"],
        document["unit"],
        f"{document['start']} to {document['end'] or 'now'}",
        ratio,
        f"(revision {document['revision']})",
    )
    click.echo(" ".join(filter(None, parts)))
