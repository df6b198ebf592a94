"""``emissions bundle``: a case in one file, with everything that it was decided from."""

from __future__ import annotations

import contextlib
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from emissions.cli.support.connection import codec_of
from emissions.cli.support.errors import BAD_INPUT, CommandError, writing
from emissions.cli.support.output import notice
from emissions.cli.support.workspace import kept_clickhouse
from streams.counted import counted

if TYPE_CHECKING:
    from emissions.bundle.material import Material
    from emissions.bundle.sealed import SealedLog
    from streams.core.evidence.note import PublicKey, Sign
    from streams.settings import Settings


@click.command("bundle")
@click.argument("identity", metavar="ID", type=click.UUID)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the bundle to this file.",
)
@click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    help="Ask the ClickHouse that a demo (--keep) or replay (--workspace) left here.",
)
@click.option(
    "--log",
    "log_path",
    type=click.Path(path_type=Path),
    metavar="DIRECTORY",
    help="Directory of the transparency log (default: EMISSIONS_LOG_PATH).",
)
@click.option(
    "--dossier",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PDF",
    help="Put the case's dossier into it.",
)
@click.option(
    "--unsealed",
    is_flag=True,
    help="Make it without the log and unsigned: it can be judged again, and proves nothing.",
)
def command(
    identity: UUID,
    output: Path,
    workspace: Path | None,
    log_path: Path | None,
    dossier: Path | None,
    unsealed: bool,
) -> None:
    """Make the bundle of a case, or of one violation, by its id.

    One file with the records as they were published, the raw messages, the registration and the
    rules of the time, the proofs that all of it is in the log, and a signature over every file. It
    is the same to the byte whenever it is made; `emissions verify` checks it anywhere.

    \b
    Examples:
      emissions bundle 8c450d3a-1db3-5d53-9eae-9e787b33d5dd -o case.zip
      emissions bundle 8980f826-9857-51d2-9877-cbc17ad293b3 -o violation.zip --unsealed
    """
    from emissions.bundle.material import NotSealedError, bundle_of, entries_of
    from streams.settings import Settings

    settings = Settings.from_env()
    log = None if unsealed else _log(settings, log_path)
    material = _material(identity, settings, workspace, log)
    if dossier is not None:
        material = _with_dossier(material, dossier)
    if log is not None:
        material = replace(material, salts=log.salts)
    sealed = None if log is None else log.seal(entries_of(material))
    signers = [] if log is None else [_signer(settings, log)]
    try:
        content = bundle_of(material, sealed, signers)
    except NotSealedError as error:
        raise CommandError(f"{error}; --unsealed makes a bundle all the same", BAD_INPUT) from None
    _write(content, output)
    notice(
        f"{output}: {material.subject} {material.id}, {len(content):,} bytes, "
        f"{counted(len(material.raw), 'message', form=',')}; check it with "
        f"`emissions verify {output}`"
    )


def _log(settings: Settings, log_path: Path | None) -> SealedLog:
    from emissions.bundle.sealed import SealedLog
    from streams.sealing.log_files import LogError

    chosen = log_path or settings.log_path
    if chosen is None:
        raise CommandError(
            "a bundle proves by the transparency log: name its directory by --log or "
            "EMISSIONS_LOG_PATH, or make one that proves nothing by --unsealed",
            BAD_INPUT,
        )
    try:
        return SealedLog(Path(chosen), _witnesses(settings))
    except LogError as error:
        raise CommandError(str(error), BAD_INPUT) from None


def _witnesses(settings: Settings) -> list[PublicKey]:
    from streams.sealing.log_keys import parse_key_file

    named = settings.log_witnesses
    if named is None:
        return []
    try:
        return parse_key_file(Path(named), Path(named).read_text("utf-8"))
    except OSError as error:
        raise CommandError(f"{named}: {error.strerror}", BAD_INPUT) from None


def _signer(settings: Settings, log: SealedLog) -> tuple[PublicKey, Sign]:
    from streams.signing.ed25519 import read_key_of

    named = settings.bundle_key_file or settings.log_key_file
    variable = "BUNDLE_KEY_FILE" if settings.bundle_key_file else "LOG_KEY_FILE"
    if named is None:
        raise CommandError(
            "a bundle is signed: name the file of the private key by EMISSIONS_BUNDLE_KEY_FILE",
            BAD_INPUT,
        )
    key = read_key_of(f"EMISSIONS_{variable}", named, "name the file of the key that signs")
    return log.named(key.public), key


def _material(
    identity: UUID, settings: Settings, workspace: Path | None, log: SealedLog | None
) -> Material:
    from emissions.bundle.collect import Collector, Law
    from emissions.explain.store import Store, UnknownSubjectError
    from sinks import clickhouse
    from streams.rules.load import load_rules
    from streams.rules.packed import pack_rules

    rules = load_rules(settings.rules)

    def packed(version: str) -> bytes | None:
        kept = None if log is None else log.rules(version)
        return pack_rules(settings.rules) if kept is None and version == rules.version else kept

    with ExitStack() as stack:
        if workspace is not None:
            settings = stack.enter_context(kept_clickhouse(workspace, settings))
        client = stack.enter_context(clickhouse.client(settings))
        codec = codec_of(settings)
        store = Store(client, codec, rules, settings.policy, settings.topic_readings)
        collector = Collector(store, codec, Law(packed, settings.policy, settings.case_policy))
        try:
            found = collector.case(identity) or collector.violation(identity)
        except UnknownSubjectError as error:
            raise CommandError(str(error), BAD_INPUT) from None
    if found is None:
        raise CommandError(
            f"there is no case and no violation {identity}; `emissions violations` lists those",
            BAD_INPUT,
        )
    return found


def _with_dossier(material: Material, dossier: Path) -> Material:
    from dataclasses import replace

    from streams.core.evidence.bundle.files import DOSSIER

    return replace(material, extra={DOSSIER: dossier.read_bytes()})


def _write(content: bytes, output: Path) -> None:
    part = output.with_name(f".{output.name}.part")
    try:
        with writing(output):
            part.write_bytes(content)
            part.replace(output)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
