"""Sign-in and what is not public: who gets in, what they see, and how others try."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from emissions.portal.access import users as users_module
from emissions.portal.access.door import Door, TooManyAttemptsError
from emissions.portal.access.private_data import Look, PrivateData
from emissions.portal.access.users import User, UsersError, hashed, read_users, write_users
from emissions.portal.database import DatabaseGoneError
from emissions.portal.language import LANGUAGES, words
from emissions.portal.queries.private import AccessRecord, Case, OwnSource, RawReading
from emissions.publication import RecordKind, Role
from tests.emissions.portal.support import NOW, Given, visitor

BIN, OTHER = "990140001233", "990140001244"
PASSWORD = "a password that is long"  # noqa: S105
AT = datetime(2026, 6, 14, 7, 0, tzinfo=UTC)
SOURCE = OwnSource("KZ-1 ü", "Stack", BIN, "KZ-55", "Asia/Almaty", "Завод", "Зауыт", "Plant")
READING = RawReading(
    AT, "2026-06-14 12:00:00", 60, "SO2", 123.5, "mg/m3", "", "", "NORMAL", "=1+1", AT
)  # fmt: skip


def case(identity: str, track: str = "COURT", state: str = "OPEN", due: str = "2026-06-20") -> Case:
    return Case(
        identity, state, [], track, "328", "1", BIN, "KZ-55", "KZ-1 ü", AT, None, "Asia/Almaty",
        AT, None, 1_000_000, {"protocol_by": due, "appeal_until": None}, "Завод", "Зауыт", "Plant",
    )  # fmt: skip


class Looks:
    """Remembers looks in place of ClickHouse, in the order of looks and questions."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, Role, Look]] = []
        self.gone = False

    async def record(self, who: str, role: Role, look: Look) -> None:
        if self.gone:
            raise DatabaseGoneError("read only")
        self.kept.append((who, role, look))


class Behind(Given):
    """Answers private questions, and tells how many looks there were before each."""

    def __init__(self, looks: Looks, *rows: msgspec.Struct) -> None:
        super().__init__(*rows)
        self._looks = looks
        self.before: list[int] = []

    async def rows(
        self, kind: Any, statement: str, parameters: Mapping[str, Any] | None = None
    ) -> list[Any]:
        self.before.append(len(self._looks.kept))
        return await super().rows(kind, statement, parameters)


class Public(Given):
    """Answers what is asked of sources as ClickHouse would: by the БИНs and regions asked for."""

    async def rows(
        self, kind: Any, statement: str, parameters: Mapping[str, Any] | None = None
    ) -> list[Any]:
        found = await super().rows(kind, statement, parameters)
        asked = dict(parameters or {})
        return [
            each
            for each in found
            if ("bins" not in asked or each.bin in asked["bins"])
            and ("regions" not in asked or each.region in asked["regions"])
            and asked.get("source", "") in ("", each.source_id)
        ]


class House:
    """A portal with users: its looks, what lies behind, and a clock that a test moves."""

    def __init__(self, file: Path, *rows: msgspec.Struct) -> None:
        self.file = file
        self.looks = Looks()
        self.behind = Behind(self.looks, *rows)
        self.now = NOW.timestamp()
        self.door = Door(
            file, PrivateData(self.behind, self.looks), mark_s=86400, clock=lambda: self.now
        )

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[httpx.AsyncClient]:
        async with visitor(Public(SOURCE), door=self.door) as browser:
            browser.base_url = httpx.URL("https://portal")  # cookies are sent by TLS alone
            yield browser


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(users_module, "_N", 2**4)  # a test need not be slow to guess
    file = tmp_path / "users.yaml"
    known = (
        User("plant", hashed(PASSWORD), "operator", (BIN,)),
        User("other", hashed(PASSWORD), "operator", (OTHER,)),
        User("aidar", hashed(PASSWORD), "inspector", (), ("KZ-55",)),
        User("far", hashed(PASSWORD), "inspector", (), ("KZ-10",)),
        User("ministry", hashed(PASSWORD), "authority"),
    )
    write_users(file, {each.name: each for each in known})
    return file


async def sign_in(
    browser: httpx.AsyncClient, name: str, password: str = PASSWORD, **form: str
) -> httpx.Response:
    page = await browser.get("/en/sign-in")
    token = re.search(r'name="token" value="([^"]+)"', page.text)
    sent = {"token": token[1] if token else "", "name": name, "password": password, **form}
    return await browser.post("/en/sign-in", data=sent)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_form_is_there_in_every_language_and_is_not_kept(
    users: Path, language: str
) -> None:
    async with House(users).browser() as browser:
        answer = await browser.get(f"/{language}/sign-in")
    assert answer.status_code == 200
    assert words(language)["sign_in.lead"] in answer.text
    assert answer.headers["cache-control"] == "no-store"
    cookie = answer.headers["set-cookie"].lower()
    assert all(each in cookie for each in ("httponly", "samesite=lax", "secure", "path=/"))


async def test_an_operator_sees_own_cases_after_the_look_was_recorded(users: Path) -> None:
    house = House(users, case("1"))
    async with house.browser() as browser:
        led = await sign_in(browser, "plant")
        answer = await browser.get("/ru/my")
    assert (led.status_code, led.headers["location"]) == (303, "/en/my")
    assert "Завод" in answer.text
    assert words("ru")["my.term_protocol_by"] in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert [(who, look.kind) for who, _, look in house.looks.kept] == [
        ("plant", RecordKind.CASE),
        ("plant", RecordKind.NOTICE_TEXT),
    ]
    assert house.behind.before == [1, 2]
    assert house.behind.asked[0][1]["bins"] == [BIN]


async def test_nothing_is_shown_where_the_look_cannot_be_recorded(users: Path) -> None:
    house = House(users, case("1"), READING)
    async with house.browser() as browser:
        await sign_in(browser, "plant")
        house.looks.gone = True
        page = await browser.get("/en/my")
        raw = await browser.get("/en/my/sources/KZ-1%20%C3%BC/days/2026-06-14")
    assert (page.status_code, raw.status_code) == (503, 503)
    assert house.behind.asked == []


async def test_an_inspector_gets_the_work_in_its_order(users: Path) -> None:
    rows = (case("late", due="2026-07-01"), case("now", due="2026-06-15"),
            case("auto", track="PRESCRIPTION"))  # fmt: skip
    house = House(users, *rows)
    async with house.browser() as browser:
        await sign_in(browser, "aidar")
        answer = await browser.get("/en/my")
    at = [answer.text.index(f'<code class="long">{each}<') for each in ("now", "late", "auto")]
    assert at == sorted(at)
    assert house.behind.asked[0][1]["regions"] == ["KZ-55"]


@pytest.mark.parametrize(
    ("name", "status"),
    [("plant", 200), ("aidar", 200), ("ministry", 200), ("other", 404), ("far", 404)],
)
async def test_raw_readings_are_for_the_operator_and_those_who_supervise_it(
    users: Path, name: str, status: int
) -> None:
    house = House(users, READING)
    address = "/en/my/sources/KZ-1%20%C3%BC/days/2026-06-14"
    async with house.browser() as browser:
        await sign_in(browser, name)
        page, table = await browser.get(address), await browser.get(f"{address}/readings.csv")
    assert (page.status_code, table.status_code) == (status, status)
    if status == 200:
        assert "123.5" in page.text
        assert table.text.splitlines()[1].startswith("2026-06-14T07:00:00.000Z,")
        assert "'=1+1" in table.text
        assert [look.query for *_, look in house.looks.kept] == ["page", "export"]
        assert all(look.bins == (BIN,) for *_, look in house.looks.kept)
    else:
        assert house.behind.asked == []


async def test_the_record_of_looks_is_for_the_authority_alone(users: Path) -> None:
    record = AccessRecord(AT, "plant", "OPERATOR", "CASE", "page", "cases", [BIN])
    for name, status in (("ministry", 200), ("aidar", 404), ("plant", 404)):
        async with House(users, record).browser() as browser:
            await sign_in(browser, name)
            assert (await browser.get("/en/my/looks")).status_code == status


@pytest.mark.parametrize("path", ["/my", "/my/looks", "/my/sources/x/days/2026-06-14"])
async def test_who_did_not_sign_in_is_led_to_the_form(users: Path, path: str) -> None:
    house = House(users)
    async with house.browser() as browser:
        for cookie in ({}, {"portal_session": "forged"}, {"portal_session": "0" * 64}):
            answer = await browser.get(f"/kk{path}", cookies=cookie)
            assert answer.status_code == 303
            assert answer.headers["location"] == f"/kk/sign-in?next={path}"
    assert house.behind.asked == []


async def test_a_wrong_password_and_an_unknown_name_are_told_alike(users: Path) -> None:
    async with House(users).browser() as browser:
        wrong = await sign_in(browser, "plant", "not this password")
        unknown = await sign_in(browser, "nobody", "not this password")

    def plain(text: str) -> str:
        return re.sub(r'value="[^"]*"', "", text)

    assert wrong.status_code == unknown.status_code == 403
    assert plain(wrong.text) == plain(unknown.text)


async def test_attempts_are_limited_by_name_whether_it_is_one_or_not(users: Path) -> None:
    for name in ("plant", "nobody"):
        async with House(users).browser() as browser:
            statuses = [
                (await sign_in(browser, name, "not this password")).status_code for _ in range(8)
            ]
            right = await sign_in(browser, name)
        assert statuses == [403] * 8
        assert right.status_code == 429
        assert int(right.headers["retry-after"]) > 0


async def test_an_address_over_its_limit_locks_nobody_else_out(users: Path) -> None:
    door = House(users).door
    for number in range(20):
        assert await door.sign_in(f"nobody-{number}", "not this password", "192.0.2.1") is None
    for _ in range(9):
        with pytest.raises(TooManyAttemptsError):
            await door.sign_in("plant", "not this password", "192.0.2.1")
    assert await door.sign_in("plant", PASSWORD, "192.0.2.2")


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({"origin": "https://evil.example"}, None),
        ({"sec-fetch-site": "cross-site"}, None),
        ({}, ""),
        ({}, "9999999999." + "0" * 64),
        ({}, "9" * 5000 + ".x"),
    ],
)
async def test_a_form_of_another_site_is_refused(
    users: Path, headers: dict[str, str], token: str | None
) -> None:
    house = House(users)
    async with house.browser() as browser:
        page = await browser.get("/en/sign-in")
        own = re.search(r'name="token" value="([^"]+)"', page.text)
        assert own
        sent = {"token": own[1] if token is None else token, "name": "plant", "password": PASSWORD}
        answer = await browser.post("/en/sign-in", data=sent, headers=headers)
    assert answer.status_code == 403
    assert "portal_session" not in answer.headers.get("set-cookie", "")


async def test_a_form_of_another_browser_is_refused(users: Path) -> None:
    house = House(users)
    async with house.browser() as browser, house.browser() as victim:
        page = await browser.get("/en/sign-in")
        token = re.search(r'name="token" value="([^"]+)"', page.text)
        assert token
        await victim.get("/en/sign-in")
        sent = {"token": token[1], "name": "plant", "password": PASSWORD}
        assert (await victim.post("/en/sign-in", data=sent)).status_code == 403


async def test_a_session_ends_after_eight_hours_by_sign_out_and_with_its_user(users: Path) -> None:
    house = House(users)
    async with house.browser() as browser:
        await sign_in(browser, "plant")
        page = await browser.get("/en/my")
        assert page.status_code == 200
        house.now += 8 * 3600 + 1
        assert (await browser.get("/en/my")).status_code == 303
        await sign_in(browser, "plant")
        kept = browser.cookies["portal_session"]
        page = await browser.get("/en/my")
        token = re.search(r'name="token" value="([^"]+)"', page.text)
        assert token
        forged = await browser.post("/en/sign-out", data={"token": "no"})
        assert forged.headers["location"] == "/en/my"
        await browser.post("/en/sign-out", data={"token": token[1]})
        assert (await browser.get("/en/my", cookies={"portal_session": kept})).status_code == 303
        browser.cookies.clear()
        await sign_in(browser, "plant")
        known = read_users(users)
        write_users(users, {name: each for name, each in known.items() if name != "plant"})
        assert (await browser.get("/en/my")).status_code == 303


async def test_a_session_ends_when_the_password_of_its_user_is_changed(users: Path) -> None:
    house = House(users)
    async with house.browser() as browser, house.browser() as other:
        await sign_in(browser, "plant")
        await sign_in(other, "aidar")
        known = read_users(users)
        changed = msgspec.structs.replace(known["plant"], password=hashed("another long password"))
        write_users(users, {**known, "plant": changed})
        assert (await browser.get("/en/my")).status_code == 303
        assert (await other.get("/en/my")).status_code == 200
        await sign_in(browser, "plant", "another long password")
        assert (await browser.get("/en/my")).status_code == 200


async def test_each_sign_in_gets_a_new_token(users: Path) -> None:
    house = House(users)
    async with house.browser() as browser:
        browser.cookies.set("portal_session", "chosen by an attacker")
        answer = await sign_in(browser, "plant")
    assert "chosen" not in answer.headers["set-cookie"]
    assert house.door.sessions.find("chosen by an attacker") is None


@pytest.mark.parametrize(
    "lead_to", ["https://evil.example", "//evil.example", "/\\evil", "/my/../x", "/my/a\r\nb: c"]
)
async def test_one_is_led_nowhere_else_after_the_sign_in(users: Path, lead_to: str) -> None:
    async with House(users).browser() as browser:
        answer = await sign_in(browser, "plant", next=lead_to)
    assert answer.headers["location"] == "/en/my"


@pytest.mark.parametrize(
    "path",
    [
        "/my/sources/..%2F..%2Fusers.yaml/days/2026-06-14",
        "/my/sources/KZ-1%20%C3%BC/days/2026-13-40",
        "/my/sources/KZ-1%20%C3%BC/days/9999-12-31",
        "/my/sources/%00/days/2026-06-14",
        f"/my/sources/{'x' * 201}/days/2026-06-14",
    ],
)
async def test_odd_addresses_are_not_found(users: Path, path: str) -> None:
    house = House(users, READING)
    async with house.browser() as browser:
        await sign_in(browser, "plant")
        assert (await browser.get(f"/en{path}")).status_code in (400, 404)
    assert house.behind.asked == []


async def test_without_users_there_is_no_sign_in() -> None:
    async with visitor(Given()) as browser:
        for path in ("/en/sign-in", "/en/my"):
            assert (await browser.get(path)).status_code == 404


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "no good"},
        {"name": "a", "role": "operator"},
        {"name": "a", "role": "authority", "bins": (BIN,)},
        {"name": "a", "role": "inspector"},
        {"name": "a", "role": "inspector", "regions": ("../..",)},
        {"name": "a", "role": "operator", "bins": ("12",)},
    ],
)
def test_users_without_sense_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a|no good"):
        User(**{"password": "", "role": "authority", **changed})


HASH = "scrypt$32768$8$1$c2FsdHNhbHQ=$c2VjcmV0c2VjcmV0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"users:\n- name: a\n  password: {HASH}: x\n", "line 3, column"),
        (f"users:\n- name: a\n  password {HASH}\n  role: authority\n", "line 4, column"),
        (f"users:\n- name: a\n  password: '{HASH}\n", "line 4, column"),
        (f"users:\n- name: a\n  password: *c2VjcmV0 {HASH}\n", "line 3, column"),
        (f"users:\n- name: a\n  password: !c2VjcmV0 {HASH}\n", "line 3, column"),
        (f"users:\n- {{name: a, password: x, role: {HASH}}}\n", "role"),
        (f"users:\n- {{name: a, password: x, {HASH}: y}}\n", "unknown field"),
        (f"users:\n- {{name: {HASH}, password: x, role: authority}}\n", "is no name"),
        (f"users: {HASH}\x00\n", "position"),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_without_what_it_holds(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "users.yaml"
    file.write_text(text)
    with pytest.raises(UsersError) as told:
        read_users(file)
    message = str(told.value)
    assert message.startswith(f"{file}: ")
    assert said in message
    assert "\n" not in message
    assert "c2V" not in message
    assert "scrypt" not in message
