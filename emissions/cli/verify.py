"""``emissions verify``: whether a bundle holds, by itself and on any machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from emissions.cli.support.errors import BAD_INPUT, BROKEN, CommandError

if TYPE_CHECKING:
    from streams.core.evidence.note import PublicKey

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
    from streams.core.evidence.bundle.archive import NoArchiveError
    from streams.core.evidence.bundle.check import NoBundleError

    trusted = [] if keys is None else _keys(keys)
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


def _keys(path: Path) -> list[PublicKey]:
    """Read the keys that are trusted; blank lines and those with a # are left out."""
    from streams.core.evidence.checkpoint import FormError
    from streams.core.evidence.note import parse_key

    found = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise CommandError(f"{path}: the file is not UTF-8", BAD_INPUT) from None
    for number, line in enumerate(lines, 1):
        text = line.split()
        if not text or text[0].startswith("#"):
            continue
        try:
            found.append(parse_key(text[0]))
        except FormError as error:
            raise CommandError(f"{path}, line {number}: {error}", BAD_INPUT) from None
    if not found:
        raise CommandError(f"{path}: there is no key in it", BAD_INPUT)
    return found
