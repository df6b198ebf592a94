"""``emissions verify``: whether a bundle holds, by itself and on any machine."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from emissions.cli.support.errors import BAD_INPUT, BROKEN, CommandError

_MOST_BYTES: Final = 1 << 30


@click.command("verify")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--keys",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Keys that you trust, one a line (NAME+ID+KEY); without them those in the file are used, "
    "which tells that it was not changed, and not who made it.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="text for people, json (one object) for scripts.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(("en", "ru", "kk")),
    default="en",
    show_default=True,
    help="Language of the text.",
)
def command(file: Path, keys: Path | None, form: str, language: str) -> None:
    """Verify a bundle: every byte, every signature and proof, and the judging once more.

    Needs neither broker nor database nor network. Exit code 0: VERIFIED; 1: something differs,
    and is named; 2: the file is no bundle.

    \b
    Examples:
      emissions verify case.zip
      emissions verify case.zip --keys keys.txt --lang ru
      emissions verify case.zip --format json
    """
    from emissions.verify.run import verify_bundle
    from emissions.verify.trusted_keys import KeysError, read_keys
    from streams.core.evidence.bundle.archive import NoArchiveError
    from streams.core.evidence.bundle.check import NoBundleError

    try:
        trusted = [] if keys is None else read_keys(keys)
    except KeysError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    if file.stat().st_size > _MOST_BYTES:
        raise CommandError(f"{file}: a bundle has at most 1 GiB", BAD_INPUT)
    try:
        found = verify_bundle(file.read_bytes(), trusted)
    except (NoArchiveError, NoBundleError) as error:
        raise CommandError(f"{file}: {error}", BAD_INPUT) from None
    if form == "json":
        import msgspec

        click.echo(msgspec.json.encode(found).decode())
    else:
        from emissions.cli.support.output import line_style
        from emissions.verify.report import WIDTH, report_of

        width = max(40, line_style().width or WIDTH)
        click.echo(report_of(found, language, width), nl=False)
    if not found.verified:
        raise click.exceptions.Exit(BROKEN)
