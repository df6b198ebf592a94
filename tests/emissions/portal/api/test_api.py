"""The API without a network: formats, pages, errors, and the document that describes it."""

from __future__ import annotations

import json
import re

import msgspec
import pytest

from emissions.portal.api.answer import NotAcceptableError, form_of
from emissions.portal.api.resources.compliance import Compliance, SourceStatus
from emissions.portal.api.router import api_document, resource_handlers
from tests.emissions.portal.api.written import Written
from tests.emissions.portal.support import visitor

REGIONS = [
    b'{"code":"KZ-%d","name_ru":"r","name_kk":"k","name_en":"e"}' % code for code in (10, 11, 15)
]
FIRM = Compliance(
    "991240700008", "ТЭЦ", "ЖЭО", "CHP", "KZ-55", "CONNECTED", True, True, True, False, None
)


@pytest.mark.parametrize(
    ("path", "accept", "form"),
    [
        ("/api/v1/means", "", "json"),
        ("/api/v1/means", "*/*", "json"),
        ("/api/v1/means.csv", "application/json", "csv"),
        ("/api/v1/means.parquet", "", "parquet"),
        ("/api/v1/means", "text/csv", "csv"),
        ("/api/v1/means", "text/html, application/json;q=0.5, text/csv;q=0.9", "csv"),
        ("/api/v1/means", "application/json;q=0, application/parquet", "parquet"),
        ("/api/v1/means", "text/csv;q=nonsense, */*;q=0.1", "json"),
    ],
)
def test_the_format_is_that_of_the_extension_else_the_one_accepted(
    path: str, accept: str, form: str
) -> None:
    assert form_of(path, accept) == form


def test_a_format_that_is_not_there_is_refused() -> None:
    with pytest.raises(NotAcceptableError):
        form_of("/api/v1/means", "application/xml")


async def test_a_page_ends_with_the_address_of_the_next() -> None:
    written = Written(b"\n".join(REGIONS))
    async with visitor(written) as client:
        answer = await client.get("/api/v1/regions?limit=2")
        following = answer.json()["next"]
        await client.get(following)
    assert [row["code"] for row in answer.json()["data"]] == ["KZ-10", "KZ-11"]
    assert answer.headers["link"] == f'<{following}>; rel="next"'
    statement, _, parameters = written.statements[-1]
    assert parameters == {"after_0": "KZ-11"}
    assert "(code) > ({after_0:String})" in statement


async def test_the_last_page_leads_nowhere() -> None:
    async with visitor(Written(b"\n".join(REGIONS))) as client:
        answer = await client.get("/api/v1/regions?limit=3")
    assert answer.json()["next"] is None
    assert "link" not in answer.headers


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/api/v1/nothing", 404, "/api/v1/"),
        ("/api/v1/means?limit=0", 400, "limit"),
        ("/api/v1/means?window=week", 400, "window"),
        ("/api/v1/means?enterprise=12", 400, "enterprise"),
        ("/api/v1/means?from=2026-02-30", 400, "calendar"),
        ("/api/v1/means?cursor=nonsense", 400, "cursor"),
        ("/api/v1/means?sourse=A", 400, "sourse"),
        ("/api/v1/enterprises/991240700008/compliance", 404, "БИН"),
        ("/api/v1/enterprises/99/compliance", 400, "bin"),
    ],
)
async def test_what_is_wrong_is_told_as_a_problem(address: str, status: int, said: str) -> None:
    async with visitor(Written()) as client:
        answer = await client.get(address)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


async def test_the_api_is_read_alone_and_in_its_formats() -> None:
    async with visitor(Written()) as client:
        posted = await client.post("/api/v1/means")
        xml = await client.get("/api/v1/means", headers={"accept": "application/xml"})
    assert (posted.status_code, xml.status_code) == (405, 406)
    for answer in (posted, xml):
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_database_that_does_not_answer_is_told_without_its_words() -> None:
    async with visitor(Written(gone=True)) as client:
        answer = await client.get("/api/v1/means.csv")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "connection refused" not in answer.text


async def test_a_fault_of_ours_shows_nothing_of_its_inside() -> None:
    async with visitor(Written(b"no json")) as client:
        answer = await client.get("/api/v1/regions?limit=1")
        broken = await client.get("/api/v1/regions.csv?limit=1")
    assert answer.status_code in (200, 500)
    assert "Traceback" not in answer.text + broken.text


async def test_an_enterprise_is_told_with_its_sources() -> None:
    source = SourceStatus("KZ-1", None, None, 0.5, None, ["SO2"])
    async with visitor(Written(b"", FIRM, source)) as client:
        answer = await client.get("/api/v1/enterprises/991240700008/compliance")
    assert answer.json()["enterprise"]["state"] == "CONNECTED"
    assert answer.json()["sources"] == [msgspec.to_builtins(source)]


async def test_the_document_and_its_page_stand_at_their_addresses() -> None:
    async with visitor(Written()) as client:
        document = await client.get("/api/v1/openapi.json")
        page = await client.get("/api/v1/")
    assert json.loads(document.content) == api_document()
    assert document.json()["openapi"].startswith("3.1")
    for path in api_document()["paths"]:
        assert path.rpartition(".")[0] in page.text or path in page.text
    assert all(each.startswith(("/", "#")) for each in re.findall(r'href="([^"]*)"', page.text))
    assert "<script" not in page.text
    assert " style=" not in page.text


def test_every_column_and_parameter_is_described() -> None:
    document = api_document()
    for path, item in document["paths"].items():
        for parameter in item["get"].get("parameters", []):
            assert parameter.get("description"), f"{path}: {parameter['name']}"
    for name, schema in document["components"]["schemas"].items():
        for column, value in schema["properties"].items():
            assert value.get("description"), f"{name}: {column}"


def test_no_two_routes_have_one_address_or_name() -> None:
    paths = [path for handler in resource_handlers() for path in handler.paths]
    assert len(paths) == len(set(paths))
    names = [item["get"]["operationId"] for item in api_document()["paths"].values()]
    assert len(names) == len(set(names))
