"""The pages of the rules: every rule in words, its places in the law, and its own file."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
import yaml

from emissions.portal.language import LANGUAGES, Language, words
from emissions.portal.rule_book import WrittenRule, read_rule_book
from streams.core.judging.evaluator import conditions
from streams.core.law.quality_codes import named_codes
from streams.rules.folder import packaged_sets, rule_folder
from streams.settings import Settings
from tests.emissions.portal.support import Given, visitor

BOOK = read_rule_book(None)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_list_has_every_rule_with_its_title(language: str) -> None:
    async with visitor(Given()) as browser:
        answer = await browser.get(f"/{language}/rules")
    assert answer.status_code == 200
    assert BOOK.version in answer.text
    for each in BOOK.rules:
        assert f'href="/{language}/rules/{each.rule.code}"' in answer.text
        assert each.rule.titles[language] in unescape(answer.text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("each", BOOK.rules, ids=lambda each: each.rule.code)
async def test_a_rule_says_in_words_what_it_compares_and_threatens(
    language: Language, each: WrittenRule
) -> None:
    async with visitor(Given()) as browser:
        answer = await browser.get(f"/{language}/rules/{each.rule.code}")
    assert answer.status_code == 200
    compared, sanction = each.compared(language), each.sanction(language)
    assert compared is not None
    assert compared in unescape(answer.text)
    assert sanction is not None, "the words of the sanction are not those of the rule file"
    assert sanction in answer.text
    source = each.source(language)
    assert source is not None, "the words of the source are not those of the rule file"
    assert source in unescape(answer.text)
    assert {written_in for _, _, written_in in each.places(language)} == {language}
    assert words(language)["rules.in_english"] not in answer.text
    if language != "en":  # what is left in English says so: the file as it is
        marked = re.sub(
            r'<pre class="wide" tabindex="0" lang="en">.*?</pre>', "", answer.text, flags=re.S
        )
        assert each.rule.source not in unescape(marked)
        assert each.rule.sanction not in unescape(marked)
    assert words(language)[f"rules.track_{each.rule.track}"] in answer.text


async def test_the_file_of_a_rule_is_the_one_that_judges() -> None:
    async with visitor(Given()) as browser:
        answer = await browser.get("/kk/rules/KZ-30/2021-07-01.yaml")
        cases = await browser.get("/kk/rules/KZ-30/2021-07-01.cases.yaml")
    assert answer.content == (Path(rule_folder()) / "KZ-30.yaml").read_bytes()
    assert 'filename="KZ-30-2021-07-01.yaml"' in answer.headers["content-disposition"]
    assert yaml.safe_load(cases.content)["rule"] == "KZ-30"


@pytest.mark.parametrize(
    "path",
    [
        "/ru/rules/KZ-99",
        "/ru/rules/KZ-30/2021-07-02.yaml",
        "/ru/rules/KZ-30/..%2f..%2fcountry.yaml",
        "/ru/rules/..%2f..%2fsettings",
        "/ru/rules/KZ-30/country.yaml",
        f"/ru/rules/{'x' * 61}",
    ],
)
async def test_what_is_no_rule_is_not_found(path: str) -> None:
    async with visitor(Given()) as browser:
        answer = await browser.get(path)
    assert answer.status_code in (400, 404)
    assert "<h1>" in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_quality_code_is_explained(language: str) -> None:
    async with visitor(Given()) as browser:
        answer = await browser.get(f"/{language}/rules/quality-codes")
    for each in named_codes():
        assert f'id="{each.code}"' in answer.text
        assert getattr(each, language) in unescape(answer.text)


@pytest.mark.parametrize("name", packaged_sets())
async def test_every_packaged_set_of_rules_can_be_shown(name: str) -> None:
    book = read_rule_book(name)
    async with visitor(Given(), settings=Settings(rules=name)) as browser:
        for each in book.rules:
            assert all(each.compared(language) for language in LANGUAGES)
            answer = await browser.get(f"/ru/rules/{each.rule.code}")
            text = unescape(answer.text)
            if each.source("ru") is None:
                assert f'<span lang="en">{each.rule.source}</span> (на языке оригинала' in text
            for act, _, written_in in each.places("ru"):
                assert (written_in == "ru") or f'<span lang="en">{act}</span>' in text


def test_every_kind_of_condition_has_words() -> None:
    assert {f"rules.kind_{kind}" for kind in conditions()} <= set(words("kk"))
