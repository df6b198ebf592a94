"""The page that verifies a bundle: what holds, what differs, what is none; and its limits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from html import unescape

import pytest

from emissions.portal.bundle_verifier import (
    BundleVerifier,
    NotDoneError,
    judge_in_process,
)
from emissions.portal.language import LANGUAGES, words
from emissions.verify.isolated import MOST_BYTES, Verdict, judge
from emissions.verify.words import WORDS
from streams.core.evidence.bundle.archive import pack
from tests.emissions.portal.support import Given, visitor
from tests.emissions.verify.made import LOG_NAME, SYSTEM_NAME, minute_bundle


async def here(data: bytes, keys: Sequence[str]) -> Verdict:
    return judge(data, list(keys))


def verifier(judging: object = here) -> BundleVerifier:
    return BundleVerifier((), judge=judging)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_bundle_is_verified_in_the_language_of_the_page(language: str) -> None:
    async with visitor(Given(), bundles=verifier()) as browser:
        form = await browser.get(f"/{language}/verify")
        answer = await browser.post(
            f"/{language}/verify", files={"bundle": ("case.zip", minute_bundle())}
        )
    assert words(language)["verify.kept"] in unescape(form.text)
    assert answer.status_code == 200
    assert WORDS[language]["verified"] in answer.text
    assert 'class="good"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert words(language)["verify.keys_inside"] in unescape(answer.text)


async def test_what_differs_is_named() -> None:
    bundle = bytearray(minute_bundle())
    bundle[len(bundle) // 2] ^= 1
    async with visitor(Given(), bundles=verifier()) as browser:
        answer = await browser.post("/en/verify", files={"bundle": ("case.zip", bytes(bundle))})
    assert answer.status_code == 200
    assert WORDS["en"]["not_verified"] in answer.text
    assert WORDS["en"]["ARCHIVE"] in answer.text


async def test_the_keys_of_the_installation_are_the_ones_that_are_trusted() -> None:
    trusting = BundleVerifier([LOG_NAME.text, SYSTEM_NAME.text], judge=here)
    other = BundleVerifier([LOG_NAME.text.replace(LOG_NAME.name, LOG_NAME.name)], judge=here)
    async with visitor(Given(), bundles=trusting) as browser:
        answer = await browser.post("/en/verify", files={"bundle": ("x", minute_bundle())})
    assert words("en")["verify.keys_known"] in answer.text
    assert 'class="good"' in answer.text
    async with visitor(Given(), bundles=other) as browser:
        answer = await browser.post("/en/verify", files={"bundle": ("x", minute_bundle())})
    assert WORDS["en"]["UNTRUSTED"] in answer.text


@pytest.mark.parametrize(
    ("content", "said", "status"),
    [
        (b"no zip at all", "no_bundle", 422),
        (pack({"a.txt": b"a ZIP file that is no bundle"}), "no_bundle", 422),
        (b"", "no_file", 400),
    ],
)
async def test_what_is_no_bundle_is_told_so(content: bytes, said: str, status: int) -> None:
    async with visitor(Given(), bundles=verifier()) as browser:
        answer = await browser.post("/ru/verify", files={"bundle": ("case.zip", content)})
    assert answer.status_code == status
    assert words("ru")[f"verify.{said}"] in answer.text


async def test_a_form_without_a_file_is_told_so() -> None:
    async with visitor(Given(), bundles=verifier()) as browser:
        plain = await browser.post("/en/verify", data={"bundle": "text"})
        empty = await browser.post("/en/verify", content=b"")
        broken = await browser.post(
            "/en/verify", content=b"--x\r\nnonsense",
            headers={"content-type": "multipart/form-data; boundary=x"},
        )  # fmt: skip
    assert [each.status_code for each in (plain, empty, broken)] == [400, 400, 400]


async def test_a_file_beyond_16_mebibytes_is_not_read() -> None:
    async with visitor(Given(), bundles=verifier()) as browser:
        answer = await browser.post(
            "/en/verify", files={"bundle": ("case.zip", bytes(MOST_BYTES + 100_000))}
        )
    assert answer.status_code == 413
    assert words("en")["verify.too_large"] in answer.text


async def test_what_a_bundle_says_is_text_and_is_cut() -> None:
    script = "<script>alert(1)</script>" * 100
    async with visitor(Given(), bundles=verifier()) as browser:
        changed = minute_bundle().replace(b"PK\x05\x06", b"PK\x05\x07")
        answer = await browser.post("/en/verify", files={"bundle": (script, changed)})
    assert "<script>alert" not in answer.text


async def test_one_address_may_not_ask_without_end() -> None:
    async with visitor(Given(), bundles=verifier()) as browser:
        for _ in range(12):
            answer = await browser.post("/en/verify", files={"bundle": ("x", b"none")})
            assert answer.status_code == 422
        answer = await browser.post("/en/verify", files={"bundle": ("x", b"none")})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 600


async def test_two_are_verified_at_once_and_others_wait() -> None:
    at_work, most, two, go_on = 0, 0, asyncio.Event(), asyncio.Event()

    async def slowly(data: bytes, keys: Sequence[str]) -> Verdict:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        if at_work == 2:
            two.set()
        await go_on.wait()
        at_work -= 1
        return Verdict()

    async with visitor(Given(), bundles=verifier(slowly)) as browser:
        asked = [
            asyncio.create_task(browser.post("/en/verify", files={"bundle": ("x", b"none")}))
            for _ in range(5)
        ]
        await two.wait()
        go_on.set()
        answers = await asyncio.gather(*asked)
    assert most == 2
    assert {each.status_code for each in answers} == {422}


async def test_a_verification_that_does_not_end_says_nothing_of_the_file() -> None:
    async def never(data: bytes, keys: Sequence[str]) -> Verdict:
        raise NotDoneError("took too long")

    async with visitor(Given(), bundles=verifier(never)) as browser:
        answer = await browser.post("/kk/verify", files={"bundle": ("x", minute_bundle())})
    assert answer.status_code == 422
    assert words("kk")["verify.not_done"] in answer.text
    assert "took too long" not in answer.text


@pytest.mark.process
async def test_a_process_of_its_own_gives_the_same_verdict() -> None:
    keys = [LOG_NAME.text, SYSTEM_NAME.text]
    assert await judge_in_process(minute_bundle(), keys) == judge(minute_bundle(), keys)
    assert await judge_in_process(b"nothing", []) == Verdict()
    with pytest.raises(NotDoneError):
        await judge_in_process(b"nothing", ["no key"])
