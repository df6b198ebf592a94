"""``emissions dossier``: the document of a case, as an official would sign it."""

from __future__ import annotations

from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import click

from emissions.cli.support.connection import codec_of
from emissions.cli.support.errors import BAD_INPUT, CommandError, writing
from emissions.cli.support.workspace import kept_clickhouse

FORMS = ("html", "pdf")
_PARTS = ("segno", "typst")


@click.command("dossier")
@click.argument("case", metavar="CASE")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write to this file; its suffix decides the form. Default: dossier-CASE.pdf here.",
)
@click.option(
    "--format", "form", type=click.Choice(FORMS), help="html (one page) or pdf (PDF/A-3b, default)."
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(("ru", "kk")),
    default="ru",
    show_default=True,
    help="Language of the document.",
)
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, dir_okay=False, exists=True, readable=True),
    metavar="FILE",
    help="The case's file of `emissions bundle`: named with its SHA-256, inside the PDF.",
)
@click.option(
    "--address", default="", metavar="URL", help="Page on which anybody can have it verified."
)
@click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    help="Ask the ClickHouse that a demo (--keep) or replay (--workspace) left here.",
)
def command(
    case: str,
    output: Path | None,
    form: str | None,
    language: str,
    bundle: Path | None,
    address: str,
    workspace: Path | None,
) -> None:
    """Write the dossier of a case: facts, chart, windows, mass and fine, law, terms, evidence.

    The items of КоАП 822-1 that the data hold, and what the Digital Code (article 43) asks of a
    decision by an algorithm. The same case and bundle give the same bytes.

    \b
    Examples:
      emissions dossier 5f0f1c2e-3e0a-5b1e-9a5e-0d5d5a1b7c11
      emissions dossier 5f0f1c2e-3e0a-5b1e-9a5e-0d5d5a1b7c11 --lang kk -o case.html
    """
    identity = _identity(case)
    chosen = form or _form_of(output)
    _require_parts()
    evidence = None if bundle is None else (bundle.name, bundle.read_bytes())
    content = _content(identity, chosen, language, evidence, address, workspace)
    target = output or Path(f"dossier-{identity}.{chosen}")
    part = target.with_name(f".{target.name}.part")
    try:
        with writing(target):
            part.write_bytes(content)
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    click.echo(f"{target}: {len(content):,} bytes")


def _identity(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise CommandError(
            f"{text!r} is no id of a case; `emissions cases` lists them", BAD_INPUT
        ) from None


def _form_of(output: Path | None) -> str:
    suffix = ".pdf" if output is None else output.suffix.lower()
    forms = {".html": "html", ".htm": "html", ".pdf": "pdf"}
    if suffix not in forms:
        raise CommandError(
            f"{output}: the suffix is neither .pdf nor .html; say which with --format", BAD_INPUT
        )
    return forms[suffix]


def _require_parts() -> None:
    from importlib.util import find_spec

    missing = [name for name in _PARTS if find_spec(name) is None]
    if missing:
        raise CommandError(
            f"the parts that make documents are not installed ({' and '.join(missing)}): "
            "pip install 'emission-streams[documents]' brings them",
            BAD_INPUT,
        )


def _content(
    identity: UUID,
    form: str,
    language: str,
    bundle: tuple[str, bytes] | None,
    address: str,
    workspace: Path | None,
) -> bytes:
    from emissions.dossier.contents import document_of
    from emissions.dossier.read import read_case, read_facts
    from emissions.explain.store import Store, UnknownSubjectError
    from sinks import clickhouse
    from streams.rules.load import load_rules
    from streams.settings import Settings

    settings = Settings.from_env()
    rules = load_rules(settings.rules)
    with ExitStack() as stack:
        if workspace is not None:
            settings = stack.enter_context(kept_clickhouse(workspace, settings))
        client = stack.enter_context(clickhouse.client(settings))
        store = Store(client, codec_of(settings), rules, settings.policy, settings.topic_readings)
        try:
            case = read_case(store, identity)
        except UnknownSubjectError as error:
            raise CommandError(str(error), BAD_INPUT) from None
        facts = read_facts(store, case, rules)
    if bundle is not None:
        facts = facts._replace(bundle=(bundle[0], sha256(bundle[1]).hexdigest()))
    document = document_of(facts._replace(address=address), language)
    if form == "html":
        from emissions.dossier.page import page_of

        return page_of(document).encode()
    from emissions.dossier.pdf import pdf_of

    return pdf_of(document, bundle)
