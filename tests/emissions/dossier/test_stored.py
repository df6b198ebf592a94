"""The dossier of every case that a replay left in ClickHouse."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pypdf import PdfReader

from deploy.embedded.clickhouse import EmbeddedClickHouse
from emissions.cli.main import cli
from streams.settings import Settings
from tests.emissions.replay.command import lines, replay

pytestmark = pytest.mark.process

EXAMPLE = Path(__file__).parents[2] / "oracle" / "example"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one replay exported, up to when every case has opened; its workspace beside that."""
    out = tmp_path_factory.mktemp("dossiers") / "out"
    replay(
        *("--registry", EXAMPLE / "registry.yaml", "--input", EXAMPLE / "input.csv"),
        *("--until", "2026-05-20T00:00:00+05:00", "--workspace", out.parent / "workspace"),
        export=out,
    )
    return out


@pytest.fixture(scope="module")
def settings(found: Path) -> Iterator[Settings]:
    with EmbeddedClickHouse(found.parent / "workspace" / "clickhouse") as server:
        yield Settings(clickhouse_url=server.url)


def dossier(settings: Settings, *args: str | Path) -> Result:
    return CliRunner().invoke(cli, ["dossier", *map(str, args)], env=settings.as_env())


def test_every_case_has_its_dossier(found: Path, settings: Settings, tmp_path: Path) -> None:
    bundle = tmp_path / "case.zip"
    bundle.write_bytes(b"evidence")
    cases = lines(found / "cases.ndjson")
    assert {each["track"] for each in cases} == {"PRESCRIPTION", "COURT", "INSPECTION"}
    for case in cases:
        pages = tmp_path / f"{case['id']}.pdf"
        told = dossier(settings, case["id"], "-o", pages, "--bundle", bundle)
        assert told.exit_code == 0, told.output
        reader = PdfReader(io.BytesIO(pages.read_bytes()))
        assert reader.attachments == {"case.zip": [b"evidence"]}
        written = "\n".join(page.extract_text() for page in reader.pages)
        for said in (case["bin"], case["id"][:8], "Ключевые факторы решения"):
            assert said in written
        if case["fine_kzt"] is not None:
            amount = f"{case['fine_kzt']:,}".replace(",", "\u00a0")
            assert f"{amount} ₸" in written
        page = tmp_path / f"{case['id']}.html"
        assert dossier(settings, case["id"], "-o", page, "--lang", "kk").exit_code == 0
        assert ('class="chart"' in page.read_text("utf-8")) is (case["track"] != "INSPECTION")
        again = tmp_path / "again.pdf"
        dossier(settings, case["id"], "-o", again, "--bundle", bundle)
        assert again.read_bytes() == pages.read_bytes()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("no-id",), "no id of a case"),
        (("59ffe3af-e945-526f-b534-a6fa1653ab99",), "there is no case"),
        (("59ffe3af-e945-526f-b534-a6fa1653ab98", "-o", "case.docx"), "neither .pdf nor .html"),
    ],
)
def test_what_is_not_there_is_said(settings: Settings, args: tuple[str, ...], says: str) -> None:
    told = dossier(settings, *args)
    assert told.exit_code == 2
    assert says in told.output
    assert "Traceback" not in told.output
