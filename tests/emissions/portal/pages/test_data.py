"""The page of open data."""

from __future__ import annotations

import re

import pytest

from emissions.portal.api.router import api_document
from emissions.portal.language import LANGUAGES
from tests.emissions.portal.support import Given, visitor


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_resource_has_a_name_and_addresses_that_exist(language: str) -> None:
    async with visitor(Given()) as browser:
        page = await browser.get(f"/{language}/data")
    assert page.status_code == 200
    named = set(re.findall(r'href="(/api/v1/[^"?]+\.(?:json|csv|parquet))', page.text))
    described = {path for path in api_document()["paths"] if "." in path}
    assert named - {"/api/v1/openapi.json"} == described
    assert f"/feeds/nation.atom?lang={language}" in page.text
    assert " style=" not in page.text
