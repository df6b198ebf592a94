"""``emissions notices``: check and publish what operators tell, and show what was made of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emissions.cli.support.connection import codec_of
from emissions.cli.support.dead_letter_access import requiring_topics
from emissions.cli.support.output import format_option, show_rows
from emissions.cli.support.running import run
from streams.counted import counted

if TYPE_CHECKING:
    from schemas.codec import Codec
    from streams.settings import Settings

VERDICT = "NoticeVerdict"
COLUMNS = ("notice_id", "kind", "source_id", "parameter", "start", "verdict")


@click.group("notices")
def command() -> None:
    """Check and publish notices of operators: outages, exceedances, marks; list the verdicts.

    \b
    Example:
      emissions notices load notices.yaml
    """


@command.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Only check the file; publish nothing.")
def load(file: Path, check: bool) -> None:
    """Check FILE and publish every notice in it to the topic of notices.

    A notice is judged by the moment at which it arrives there. The first notice under an id
    stands; another one takes it back. A file with a mistake is refused as a whole: exit 2 and one
    sentence with the line, the path and the reason.

    \b
    Examples:
      emissions notices load notices.yaml
      emissions notices load notices.yaml --check
    """
    from emissions.replay.publish import publish_notices
    from streams.registry.notices import load_notices
    from streams.rules.country import load_country
    from streams.settings import Settings

    settings = Settings.from_env()
    notices = load_notices(file, load_country(settings.rules))
    figures = counted(len(notices), "notice")
    if check:
        click.echo(f"{file}: {figures}, no mistakes")
        return
    run(publish_notices(settings, notices, codec_of(settings)))
    click.echo(f"{figures} published to {settings.topic_notices} at {settings.broker}")


@command.command("list")
@click.option("--bin", "bin_", metavar="БИН", help="Only this operator.")
@click.option("--source", metavar="ID", help="Only this source.")
@click.option("--verdict", metavar="WORD", help="Only this verdict, such as LATE.")
@format_option
def list_(bin_: str | None, source: str | None, verdict: str | None, form: str) -> None:
    """List every notice with its last verdict, in the order of arrival; times in UTC.

    \b
    Examples:
      emissions notices list --verdict LATE
      emissions notices list --source KZ-0001-01 --format json
    """
    from emissions.replay.export import notice_document
    from streams.settings import Settings

    settings = Settings.from_env()
    wanted = {"bin": bin_, "source_id": source, "verdict": verdict and verdict.upper()}
    with requiring_topics():
        told = run(_verdicts(settings, codec_of(settings)))
    rows = [
        notice_document(record)
        for record in sorted(told, key=lambda each: (each["arrived_at"], each["notice_id"]))
        if all(value is None or record[name] == value for name, value in wanted.items())
    ]
    show_rows(rows, COLUMNS, form)


async def _verdicts(settings: Settings, codec: Codec) -> list[dict[str, Any]]:
    """Read the last verdict on every notice from its topic."""
    from schemas.errors import Undecodable, UnknownSchema
    from streams.kafka.clients import consumer_of
    from streams.kafka.reader import ends_of, read_log

    last: dict[str, dict[str, Any]] = {}
    ends = await ends_of(settings, settings.topic_notice_verdicts)
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, ends):
            try:
                name, found = codec.decode(record.value or b"")
            except (Undecodable, UnknownSchema):  # whoever may write to the topic can write that
                continue
            known = last.get(found["notice_id"]) if name == VERDICT else None
            if name == VERDICT and (known is None or known["revision"] <= found["revision"]):
                last[found["notice_id"]] = found
    return list(last.values())
