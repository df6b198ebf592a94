"""Sign-in by a provider: the way there and back, and each way in which others try to use it."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from emissions.portal.access.door import Door
from emissions.portal.access.pending import LASTS_S
from emissions.portal.access.private_data import PrivateData
from emissions.portal.access.provider import (
    Client,
    Provider,
    ProviderSettingsError,
    client_of,
)
from emissions.portal.access.provider_rights import RightsError, rights_of
from emissions.portal.access.sessions import PROVIDED_LASTS_S
from emissions.portal.language import LANGUAGES, words
from emissions.publication import AUTHORITY, inspector, operator
from streams.settings import Settings
from tests.emissions.portal.access.provider_made import CLIENT, ISSUER, SECRET, MadeProvider
from tests.emissions.portal.access.test_sign_in import BIN, READING, SOURCE, Behind, Looks, Public
from tests.emissions.portal.support import NOW, visitor

RAW = "/en/my/sources/KZ-1%20%C3%BC/days/2026-06-14"


class House:
    """A portal with a provider and no users of its own."""

    def __init__(self) -> None:
        self.now = NOW.timestamp()
        self.made = MadeProvider(lambda: self.now)
        self.looks = Looks()
        client = Client(
            ISSUER, CLIENT, "https://portal/sign-in/return", "https://portal/", "emissions", 60.0,
            lambda: SECRET,
        )  # fmt: skip
        self.door = Door(
            None,
            PrivateData(Behind(self.looks, READING), self.looks),
            mark_s=86400,
            clock=lambda: self.now,
            provider=Provider(client, clock=lambda: self.now, transport=self.made),
        )

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[httpx.AsyncClient]:
        async with visitor(Public(SOURCE), door=self.door) as browser:
            browser.base_url = httpx.URL("https://portal")
            yield browser


async def begun(browser: httpx.AsyncClient, asked: str = "") -> str:
    """Begin a sign-in, and return the address at the provider."""
    answer = await browser.get(f"/en/sign-in/provider{asked}")
    assert answer.status_code == 303
    return answer.headers["location"]


async def came_back(browser: httpx.AsyncClient, brought: dict[str, str]) -> tuple[str, bool]:
    """Come back, and return where one is led and whether one is signed in."""
    answer = await browser.get("/sign-in/return", params=brought)
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    signed_in = (await browser.get("/en/my")).status_code == 200
    return answer.headers["location"], signed_in


async def whole(house: House, browser: httpx.AsyncClient) -> tuple[str, bool]:
    return await came_back(browser, house.made.approve(await begun(browser)))


def said(location: str) -> str:
    assert urlsplit(location).netloc == ""
    return parse_qs(urlsplit(location).query).get("said", [""])[0]


async def test_somebody_signs_in_sees_what_is_theirs_and_signs_out() -> None:
    house = House()
    async with house.browser() as browser:
        form = await browser.get("/en/sign-in?next=/my/looks")
        assert 'href="/en/sign-in/provider?next=%2Fmy%2Flooks"' in form.text
        assert 'type="password"' not in form.text
        address = await begun(browser, "?next=/my")
        led, signed_in = await came_back(browser, house.made.approve(address))
        assert (led, signed_in) == ("/en/my", True)
        assert (await browser.get(RAW)).status_code == 200
        assert house.looks.kept[-1][0] == "aigul (provider, u-1)"
        page = await browser.get("/en/my")
        token = re.search(r'name="token" value="([^"]+)"', page.text)
        assert token
        out = await browser.post("/en/sign-out", data={"token": token[1]})
        assert f"{ISSUER}/out?client_id=emissions&amp;post_logout_redirect_uri=" in out.text
        assert (await browser.get("/en/my")).status_code == 303
    assert house.made.asked == ["/.well-known/openid-configuration", "/token", "/keys"]


async def test_rights_are_asked_for_again_after_an_hour() -> None:
    house = House()
    async with house.browser() as browser:
        assert (await whole(house, browser))[1]
        house.now += PROVIDED_LASTS_S + 1
        assert (await browser.get("/en/my")).status_code == 303


@pytest.mark.parametrize("next_", ["https://evil.example", "//evil.example", "/my/../x", "/\\e"])
async def test_one_is_led_nowhere_else(next_: str) -> None:
    house = House()
    async with house.browser() as browser:
        answer = await browser.get("/en/sign-in/provider", params={"next": next_})
        led, _ = await came_back(browser, house.made.approve(answer.headers["location"]))
    assert led == "/en/my"


async def test_another_site_begins_no_sign_in() -> None:
    house = House()
    async with house.browser() as browser:
        answer = await browser.get("/en/sign-in/provider", headers={"sec-fetch-site": "cross-site"})
    assert said(answer.headers["location"]) == "form_over"
    assert house.made.asked == []


async def test_a_sign_in_of_another_browser_is_not_taken_over() -> None:
    """Login CSRF: the attacker's own way back, followed by the browser of somebody else."""
    house = House()
    async with house.browser() as attacker, house.browser() as victim:
        brought = house.made.approve(await begun(attacker))
        for _ in range(2):  # without a sign-in under way, then with one
            led, signed_in = await came_back(victim, brought)
            assert (said(led), signed_in) == ("form_over", False)
            await begun(victim)
        assert (await came_back(attacker, brought))[1]  # and nobody took it from the attacker


async def test_a_way_back_is_good_once() -> None:
    house = House()
    async with house.browser() as browser:
        brought = house.made.approve(await begun(browser))
        cookie = browser.cookies["portal_login"]
        assert (await came_back(browser, brought))[1]
        browser.cookies.clear()
        browser.cookies.set("portal_login", cookie)
        assert said((await came_back(browser, brought))[0]) == "form_over"
        # The code again, in a sign-in that is one's own: the provider refuses it.
        again = parse_qs(urlsplit(await begun(browser)).query)
        led, signed_in = await came_back(browser, {**brought, "state": again["state"][0]})
        assert (said(led), signed_in) == ("refused", False)


async def test_a_code_of_somebody_else_does_not_fit() -> None:
    """Code injection: PKCE is of another sign-in; where the provider looked away, the nonce is."""
    house = House()
    async with house.browser() as victim, house.browser() as attacker:
        stolen = house.made.approve(await begun(victim))
        own = parse_qs(urlsplit(await begun(attacker)).query)
        led, signed_in = await came_back(attacker, {**stolen, "state": own["state"][0]})
        assert (said(led), signed_in) == ("refused", False)
        house.made.claims = {"nonce": "of another sign-in"}
        assert await whole(house, attacker) == ("/en/sign-in?said=refused&next=%2Fmy", False)


async def test_it_is_over_after_ten_minutes() -> None:
    house = House()
    async with house.browser() as browser:
        brought = house.made.approve(await begun(browser))
        house.now += LASTS_S + 1
        assert said((await came_back(browser, brought))[0]) == "form_over"


@pytest.mark.parametrize("issuer", [None, "https://other.example", ISSUER + "/"])
async def test_an_answer_of_another_provider_is_refused(issuer: str | None) -> None:
    house = House()
    async with house.browser() as browser:
        brought = house.made.approve(await begun(browser))
        del brought["iss"]
        told = brought if issuer is None else {**brought, "iss": issuer}
        led, signed_in = await came_back(browser, told)
    assert (said(led), signed_in) == ("refused", False)
    assert "/token" not in house.made.asked  # the code went to nobody


NOW_S = NOW.timestamp()


@pytest.mark.parametrize(
    ("claims", "believed"),
    [
        ({"iss": "https://other.example"}, False),
        ({"iss": None}, False),
        ({"aud": "another client"}, False),
        ({"aud": ["another", CLIENT]}, False),
        ({"aud": ["another", CLIENT], "azp": CLIENT}, True),
        ({"azp": "another"}, False),
        ({"exp": NOW_S - 59}, True),
        ({"exp": NOW_S - 60}, False),
        ({"exp": "9999999999"}, False),
        ({"exp": None}, False),
        ({"iat": NOW_S + 60}, True),
        ({"iat": NOW_S + 61}, False),
        ({"iat": NOW_S - 661}, False),
        ({"nbf": NOW_S + 61}, False),
        ({"nonce": None}, False),
        ({"sub": None}, False),
        ({"sub": ""}, False),
    ],
)
async def test_a_token_must_say_what_is_expected(claims: dict[str, Any], believed: bool) -> None:
    house = House()
    house.made.claims = claims
    async with house.browser() as browser:
        led, signed_in = await whole(house, browser)
    assert signed_in is believed
    assert said(led) == ("" if believed else "refused")


def forged(house: House, how: str) -> None:
    """Have the provider answer with a token that somebody else made."""
    made, right = house.made, house.made.key
    if how == "another key":
        made.key = ECKey.generate_key("P-256", {"kid": "first"})
    elif how == "a key beside it":
        made.key = ECKey.generate_key("P-256", {"kid": "first"})
        made.header = {"jwk": made.key.as_dict(private=False), "jku": "https://evil.example/keys"}
    elif how == "an extension":
        made.header = {"crit": ["b64"], "b64": True}
    elif how == "a key that encrypts":
        made.keys = [ECKey.import_key({**right.as_dict(private=False), "use": "enc"})]
    else:
        claims = {
            "iss": ISSUER, "sub": "u-1", "aud": CLIENT, "exp": house.now + 300, "iat": house.now,
            "nonce": "", "emissions": ["authority"],
        }  # fmt: skip
        part = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        if how == "no signature":
            head = urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
            made.token = f"{head}.{part}."
        elif how == "a shared secret":
            public = json.dumps(right.as_dict(private=False))
            key = OctKey.import_key(public)
            made.token = jws.serialize_compact(
                {"alg": "HS256", "kid": "first"}, json.dumps(claims), key, algorithms=["HS256"]
            )
        else:
            made.token = how


@pytest.mark.parametrize(
    "how",
    [
        *("another key", "a key beside it", "an extension", "a key that encrypts"),
        *("no signature", "a shared secret", "", "a.b", "a.b.c", "..", "x" * 40_000, "ё.ё.ё"),
    ],
)
async def test_a_forged_token_is_refused(how: str) -> None:
    house = House()
    forged(house, how)
    async with house.browser() as browser:
        led, signed_in = await whole(house, browser)
    assert (said(led), signed_in) == ("refused", False)


async def test_a_new_key_is_fetched_and_unknown_ones_are_rationed() -> None:
    house = House()
    made = house.made
    async with house.browser() as browser:
        assert (await whole(house, browser))[1]
        first, made.key = made.key, ECKey.generate_key("P-256", {"kid": "second", "use": "sig"})
        made.keys = [first, made.key]
        browser.cookies.clear()
        assert not (await whole(house, browser))[1]  # fetched less than a minute ago
        house.now += 61
        assert (await whole(house, browser))[1]
        before = made.asked.count("/keys")
        made.key = ECKey.generate_key("P-256", {"kid": "nobody's", "use": "sig"})
        for _ in range(5):
            browser.cookies.clear()
            assert not (await whole(house, browser))[1]
        assert made.asked.count("/keys") == before


async def test_keys_are_not_guessed() -> None:
    house = House()
    house.made.keys.append(ECKey.generate_key("P-256", {"kid": "other", "use": "sig"}))
    house.made.header = {"kid": None}
    async with house.browser() as browser:
        assert said((await whole(house, browser))[0]) == "refused"
        house.made.keys.pop()
        house.now += 3601
        assert (await whole(house, browser))[1]  # the only key there is


@pytest.mark.parametrize("language", LANGUAGES)
async def test_where_the_provider_is_down_one_is_told_and_the_rest_works(language: str) -> None:
    house = House()
    house.made.down = True
    async with house.browser() as browser:
        answer = await browser.get(f"/{language}/sign-in/provider")
        page = await browser.get(answer.headers["location"])
        public = await browser.get(f"/{language}/rules")
        for _ in range(3):
            await browser.get(f"/{language}/sign-in/provider")
        assert len(house.made.asked) == 1  # it is left in peace for a while
        house.made.down = False
        house.now += 11
        assert ISSUER in (await browser.get(f"/{language}/sign-in/provider")).headers["location"]
    assert words(language)["sign_in.no_provider"] in page.text
    assert public.status_code == 200


async def test_a_provider_that_goes_in_between_is_told() -> None:
    house = House()
    async with house.browser() as browser:
        brought = house.made.approve(await begun(browser))
        house.made.down = True
        assert said((await came_back(browser, brought))[0]) == "no_provider"


@pytest.mark.parametrize(
    "configured",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": "http://id.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"end_session_endpoint": "javascript:alert(1)"},
    ],
)
async def test_a_configuration_that_is_not_the_provider_s_is_not_used(configured: Any) -> None:
    house = House()
    house.made.configured = configured
    async with house.browser() as browser:
        answer = await browser.get("/en/sign-in/provider")
    assert said(answer.headers["location"]) == "no_provider"


async def test_what_the_address_says_is_not_shown() -> None:
    house = House()
    async with house.browser() as browser:
        page = await browser.get("/en/sign-in?said=<script>call 0800</script>")
        state = parse_qs(urlsplit(await begun(browser)).query)["state"][0]
        led, _ = await came_back(
            browser, {"state": state, "error": "denied", "error_description": "call 0800"}
        )
    assert "<script>call" not in page.text
    assert 'role="alert"' not in page.text
    assert "0800" not in led
    assert said(led) == "refused"


async def test_who_has_no_role_is_told_so() -> None:
    house = House()
    house.made.claims = {"emissions": ["offline_access"]}
    async with house.browser() as browser:
        led, signed_in = await whole(house, browser)
    assert (said(led), signed_in) == ("no_rights", False)


async def test_attempts_are_limited_by_address() -> None:
    house = House()
    async with house.browser() as browser:
        answers = [await browser.get("/en/sign-in/provider") for _ in range(31)]
    assert said(answers[-1].headers["location"]) == "too_many"
    assert answers[-2].headers["location"].startswith(f"{ISSUER}/authorize?")


@pytest.mark.parametrize(
    ("told", "viewer"),
    [
        ("authority", AUTHORITY),
        (["emissions:authority", "offline_access"], AUTHORITY),
        (["/emissions/inspector/KZ-55", "inspector:KZ-10"], inspector(["KZ-55", "KZ-10"])),
        (["inspector:*"], inspector(nation=True)),
        ([f"operator:{BIN}"], operator([BIN])),
    ],
)
def test_rights_are_those_of_the_claim(told: Any, viewer: Any) -> None:
    assert rights_of({"emissions": told}, "emissions") == viewer
    assert rights_of({"realm_access": {"roles": told}}, "realm_access.roles") == viewer
    assert rights_of({"https://x.kz/roles": told}, "https://x.kz/roles") == viewer


@pytest.mark.parametrize(
    "told",
    [
        None, [], {}, 1, True, [1], ["administrator"], ["authority", f"operator:{BIN}"],
        ["operator"], ["operator:1"], [f"operator:{BIN}", "operator:*"], ["inspector:KZ-5"],
        ["authority:x"], ["authority\n"], ["inspector:kz-55"], ["x"] * 2001,
    ],
)  # fmt: skip
def test_a_claim_without_one_clear_role_gives_nothing(told: Any) -> None:
    with pytest.raises(RightsError):
        rights_of({"emissions": told}, "emissions")


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"portal_oidc_client_id": None}, "CLIENT_ID"),
        ({"portal_url": None}, "PORTAL_URL"),
        ({"portal_url": "http://emissions.example"}, "PORTAL_URL"),
        ({"portal_oidc_issuer": "http://id.example"}, "OIDC_ISSUER"),
        ({"portal_oidc_issuer": "id.example"}, "OIDC_ISSUER"),
    ],
)
def test_settings_that_cannot_work_are_told(settings: dict[str, Any], what: str) -> None:
    good: dict[str, Any] = {
        "portal_oidc_issuer": ISSUER, "portal_oidc_client_id": CLIENT,
        "portal_url": "https://emissions.example/",
    }  # fmt: skip
    known = client_of(Settings(**good))
    assert known is not None
    assert known.return_to == "https://emissions.example/sign-in/return"
    assert client_of(Settings()) is None
    with pytest.raises(ProviderSettingsError, match=what):
        client_of(Settings(**{**good, **settings}))
