"""``emissions explain``: why something was published, computed again from what is stored."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from emissions.cli.support.connection import codec_of
from emissions.cli.support.errors import BAD_INPUT, BROKEN, CommandError, writing
from emissions.cli.support.output import notice
from emissions.cli.support.workspace import kept_clickhouse

if TYPE_CHECKING:
    from emissions.explain.store import Store
    from streams.core.explanation.explain import Explanation

WINDOWS = ("20min", "30min", "1h", "day")
FORMS = ("text", "json", "html")


@click.command("explain")
@click.argument("subject", nargs=-1, required=True, metavar="ID | SOURCE PARAMETER WINDOW START")
@click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    help="Ask the ClickHouse that a demo (--keep) or replay (--workspace) left here.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    help="text (default), json (a map of nodes by address) or html (one page with the chart); "
    "with -o the suffix of the file decides.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the explanation to this file.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(("en", "ru", "kk")),
    default="en",
    show_default=True,
    help="Language of headings and sentences.",
)
@click.option("--unit", metavar="UNIT", help="Of a mean: mg/m3 (default), g/s, or the channel's.")
@click.option("--all", "every", is_flag=True, help="Text: every reading with its conversion.")
def command(
    subject: tuple[str, ...],
    workspace: Path | None,
    form: str | None,
    output: Path | None,
    language: str,
    unit: str | None,
    every: bool,
) -> None:
    """Explain a violation or a gap by its id, or a mean by where and when it is.

    Each reading with what was done to it or why it does not count, each conversion, the rule and
    its place in the law, the comparison, every exception, every revision. All is computed again
    from the stored data: exit code 1 where it is not what was published.

    \b
    Examples:
      emissions explain 8980f826-9857-51d2-9877-cbc17ad293b3
      emissions explain --lang ru -o why.html 8980f826-9857-51d2-9877-cbc17ad293b3
      emissions explain BOILER-1 SO2 day 2026-05-04 --workspace run
    """
    identity = _identity(subject)
    chosen = form or _form_of(output)
    with ExitStack() as stack:
        store = _store(stack, workspace)
        with _sentences():
            found = _explained(store, identity, subject, language, unit)
    _write(_laid_out(found, chosen, every=every), output)
    if not found.equal:
        for each in found.differences[:20]:
            notice(f"{each.where}: published {each.published}, computed {each.computed}")
        raise CommandError(
            f"{len(found.differences)} of what was published is not what the stored data give",
            BROKEN,
        )


def _identity(subject: tuple[str, ...]) -> UUID | None:
    """Return the id of a violation or gap; None: a mean is asked for."""
    if len(subject) == 1:
        try:
            return UUID(subject[0])
        except ValueError:
            raise CommandError(
                f"{subject[0]!r} is no id; a mean is named by SOURCE PARAMETER WINDOW START",
                BAD_INPUT,
            ) from None
    if len(subject) != 4:
        raise CommandError("give one id, or SOURCE PARAMETER WINDOW START", BAD_INPUT)
    if subject[2] not in WINDOWS:
        raise CommandError(
            f"there is no window {subject[2]}; the windows are {', '.join(WINDOWS)}", BAD_INPUT
        )
    return None


def _explained(
    store: Store,
    identity: UUID | None,
    subject: tuple[str, ...],
    language: str,
    unit: str | None,
) -> Explanation:
    from emissions.explain.ask import explain_id, explain_window

    if identity is not None:
        return explain_id(store, identity, language)
    source, parameter, window, start = subject
    return explain_window(store, source, parameter, window, start, language, unit)


def _store(stack: ExitStack, workspace: Path | None) -> Store:
    from emissions.explain.store import Store
    from sinks import clickhouse
    from streams.rules.load import load_rules
    from streams.settings import Settings

    settings = Settings.from_env()
    rules = load_rules(settings.rules)
    if workspace is not None:
        settings = stack.enter_context(kept_clickhouse(workspace, settings))
    client = stack.enter_context(clickhouse.client(settings))
    return Store(client, codec_of(settings), rules, settings.policy, settings.topic_readings)


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn what is not there, and times that are none, into sentences with exit code 2."""
    from emissions.explain.store import UnknownSubjectError

    try:
        yield
    except UnknownSubjectError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    except ValueError as error:
        raise CommandError(f"START: {error}", BAD_INPUT) from None


def _form_of(output: Path | None) -> str:
    suffix = "" if output is None else output.suffix.lower()
    return {".html": "html", ".htm": "html", ".json": "json"}.get(suffix, "text")


def _laid_out(found: Explanation, form: str, *, every: bool) -> str:
    if form == "html":
        from emissions.explain.page import page_of

        return page_of(found)
    if form == "json":
        import msgspec

        return msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n"
    from emissions.cli.support.output import line_style
    from emissions.explain.text import WIDTH, text_of

    return text_of(found, every=every, width=max(40, line_style().width or WIDTH))


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    part = output.with_name(f".{output.name}.part")
    try:
        with writing(output):
            part.write_text(text, encoding="utf-8")
            part.replace(output)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
