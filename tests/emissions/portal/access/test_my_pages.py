"""Pages of those who signed in as they are sent: their size, their secrets, their words."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from uuid import UUID

import msgspec
import pytest

from emissions.portal.access.sessions import Sessions
from emissions.portal.language import LANGUAGES, words
from emissions.portal.pages.my import SHOWN
from emissions.portal.queries.private import Notice
from emissions.publication import AUTHORITY
from streams.core.records import notice_verdict
from tests.emissions.portal.access.test_sign_in import (
    AT,
    READING,
    SOURCE,
    House,
    case,
    sign_in,
    users,
)

__all__ = ["users"]

VERDICTS = sorted(
    value for name, value in vars(notice_verdict).items() if name.isupper() and name == value
)
FORM = re.compile(r'name="token" value="([^"]+)"')


def many_cases(count: int) -> list[msgspec.Struct]:
    """Cases that have little in common, so that they are as long as they get, compressed."""
    chance = Random(4)
    return [
        msgspec.structs.replace(
            case(str(UUID(int=chance.getrandbits(128), version=5)), state="REVIEW"),
            bin=str(chance.randrange(10**11, 10**12)),
            source_id=f"KZ-{chance.randrange(10**12)}",
            fine_kzt=chance.randrange(10**7),
            due={
                term: f"2026-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
                for term in ("protocol_by", "appeal_until", "limitation_act")
            },
        )
        for _ in range(count)
    ]


async def test_a_page_of_many_cases_is_at_most_100_kb(users: Path) -> None:
    cases = many_cases(2 * SHOWN + 1)
    async with House(users, *cases).browser() as browser:
        await sign_in(browser, "ministry")
        pages = [await browser.get(f"/ru/my?page={number}") for number in (1, 2, 3)]
        beyond = await browser.get("/ru/my?page=4")
    for each in pages:
        assert each.headers["content-encoding"] == "gzip"
        assert each.headers["vary"] == "cookie, accept-encoding"
        assert each.headers["cache-control"] == "no-store"
        assert each.num_bytes_downloaded < 100_000
    shown = [re.findall(r'<code class="long">([^<]+)<', each.text) for each in pages]
    assert [len(each) for each in shown] == [SHOWN, SHOWN, 1]
    assert {identity for each in shown for identity in each} == {each.id for each in cases}  # type: ignore[attr-defined]
    assert 'href="/ru/my?page=2"' in pages[0].text
    assert beyond.status_code == 404


async def test_a_compressed_page_tells_no_secret_twice_and_nothing_of_a_stranger(
    users: Path,
) -> None:
    day = "/en/my/sources/KZ-1%20%C3%BC/days/2026-06-14"
    async with House(users, case("1"), READING).browser() as browser:
        await sign_in(browser, "plant")
        pages = [await browser.get(f"{path}?guessed=abcdef") for path in ("/en/my", "/en/my", day)]
        tokens = [FORM.findall(each.text) for each in pages]
        for each in pages:
            assert "abcdef" not in each.text
        assert all(len(each) == 1 for each in tokens)
        assert len({token for (token,) in tokens}) == 3
        # Each of them is good, also an earlier one.
        await browser.post("/en/sign-out", data={"token": tokens[0][0]})
        assert (await browser.get("/en/my")).status_code == 303


def test_a_masked_secret_is_known_again_and_nothing_else_is() -> None:
    sessions = Sessions(clock=lambda: 0.0)
    one, other = (sessions.find(sessions.begin("a", AUTHORITY)) for _ in range(2))
    assert one is not None
    assert other is not None
    token = one.new_form_token()
    assert one.is_form_token(token)
    assert not other.is_form_token(token)
    for forged in ("", "a", token[:-4], f"AAAA{token}", "A" * len(token), "é", "\x00"):
        assert not one.is_form_token(forged)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_verdict_on_a_notice_has_words(users: Path, language: str) -> None:
    notices = [
        Notice(each, "MARK", each, SOURCE.source_id, "SO2", AT, AT, AT, AT, "Asia/Almaty")
        for each in (*VERDICTS, "A_LATER_ONE")
    ]
    async with House(users, *notices).browser() as browser:
        await sign_in(browser, "plant")
        answer = await browser.get(f"/{language}/my")
    assert len(VERDICTS) == 7
    for each in VERDICTS:
        assert f">{words(language)[f'my.verdict_{each}']}</td>" in answer.text
        assert f">{each}<" not in answer.text
    assert "<code>A_LATER_ONE</code>" in answer.text
