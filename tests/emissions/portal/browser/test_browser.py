"""Every page in a real browser: axe-core, widths, the keyboard, and no script.

Needs a Chromium, and axe-core beside the project:
`npm install --prefix build/browser axe-core@4.14.1`. With PORTAL=http://127.0.0.1:8080 it looks at
the portal that runs there, whose pages are found by their links.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import uvicorn

from deploy.embedded.child import stable_port
from emissions.portal.app import create_app
from emissions.portal.language import LANGUAGES
from streams.settings import Settings
from tests.emissions.portal.browser.chromium import DESK, PHONE, Page, found_chromium, opened_page
from tests.emissions.portal.nation import BIN, FOUND, SOURCE, WHOLE
from tests.emissions.portal.pages.test_mean import PATH, given_mean
from tests.emissions.portal.pages.test_source import HERE, given_day
from tests.emissions.portal.support import NOW, Given

AXE: Final = Path("build/browser/node_modules/axe-core/axe.min.js")
CHROMIUM: Final = found_chromium() or ""
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES: Final = (
    "/", "/?map_of=exceedances", "/regions", "/regions/KZ-55", "/enterprises",
    f"/enterprises/{BIN}", "/transmission", "/compliance", "/excuses", "/changes", "/search?q=a",
    "/rules", "/rules/KZ-30", "/rules/quality-codes", "/verify", "/data", "/nothing",
    HERE, f"{HERE}/days/2026-06-14", f"{HERE}/months/2026-06", f"{HERE}/years/2026", PATH,
)  # fmt: skip
pytestmark = [
    pytest.mark.process,
    pytest.mark.long,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium"),
    pytest.mark.skipif(
        not AXE.exists(), reason="no axe-core: npm install --prefix build/browser axe-core@4.14.1"
    ),
]


@pytest.fixture(scope="module")
def portal() -> Iterator[str]:
    """The address of a portal over the rows of a small nation, or of the one that PORTAL names."""
    named = os.environ.get("PORTAL")
    if named:
        yield named.rstrip("/")
        return
    named_source = msgspec.structs.replace(FOUND, source_id=SOURCE)
    rest = [each for each in WHOLE if each is not FOUND]
    rows = [*rest, named_source, *given_day().all_rows, *given_mean().all_rows]
    port = stable_port()
    app = create_app(Settings(), database=Given(*rows), clock=lambda: NOW)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with opened_page(CHROMIUM, tmp_path) as opened:
        yield opened


async def addresses(page: Page, portal: str, language: str) -> list[str]:
    """The pages of a portal; of one that runs already, one for each shape of address."""
    if "PORTAL" not in os.environ:
        return [f"{portal}/{language}{each}" for each in PAGES] + [f"{portal}/api/v1/"]
    shapes: dict[str, str] = {}
    waiting = [f"/{language}/", "/api/v1/"]
    while waiting:
        path = waiting.pop(0)
        shape = re.sub(r"/[^/]*\d[^/]*", "/N", path.partition("?")[0].removeprefix("/api/v1"))
        if shape in shapes:
            continue
        shapes[shape] = path
        await page.open(portal + path)
        links = await page.value("[...document.querySelectorAll('a')].map(a => a.pathname)")
        waiting += [each for each in links if re.fullmatch(rf"/{language}/[^.]*", each)]
    return [portal + each for each in shapes.values()]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", LANGUAGES)
async def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    portal: str, page: Page, language: str, size: tuple[int, int], dark: bool
) -> None:
    await page.show(size, dark=dark)
    axe = AXE.read_text(encoding="utf-8")
    found: list[Any] = []
    for address in await addresses(page, portal, language):
        await page.open(address)
        await page.value(axe + ";0")
        told = await page.value(
            f"axe.run(document, {{runOnly: {TAGS}, resultTypes: ['violations']}}).then(r => "
            "r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 200))]))"
        )
        found += [(address, each) for each in told]
        wide = await page.value(
            "[document.documentElement, ...document.querySelectorAll('.wide')]"
            ".filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent.slice(0, 80))"
        )
        found += [(address, "scrolls", each) for each in wide]
    assert found == []


FOCUSABLE: Final = "a[href], button, input:not([type=hidden]), select, summary, [tabindex='0']"
VISITED: Final = f"""(() => {{
  const all = [...document.querySelectorAll({FOCUSABLE!r})]
    .filter(e => e.checkVisibility({{visibilityProperty: true}}) && e.getClientRects().length);
  const at = document.activeElement, style = getComputedStyle(at);
  const shown = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
  return [all.indexOf(at), all.length, shown, at.outerHTML.slice(0, 120)];
}})()"""


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("path", ["/", f"/enterprises/{BIN}", f"{HERE}/days/2026-06-14"])
async def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    portal: str, page: Page, size: tuple[int, int], path: str
) -> None:
    if "PORTAL" in os.environ:
        pytest.skip("the paths are those of the small nation")
    await page.show(size)
    await page.open(f"{portal}/en{path}")
    visited: list[int] = []
    await page.tab()
    index, number, shown, element = await page.value(VISITED)
    assert 'class="skip"' in element
    while index >= 0 and len(visited) < number:
        assert shown, element
        visited.append(index)
        await page.tab()
        index, _, shown, element = await page.value(VISITED)
    assert visited == list(range(number))


async def test_the_skip_link_leads_to_the_content(portal: str, page: Page) -> None:
    await page.show(DESK)
    await page.open(f"{portal}/en/")
    await page.value("document.querySelector('.skip').click()")
    await page.tab()
    assert await page.value("document.querySelector('main').contains(document.activeElement)")


async def test_every_page_says_the_same_without_scripts(portal: str, page: Page) -> None:
    for address in await addresses(page, portal, "en"):
        texts = []
        for script in (False, True):
            await page.show(PHONE, script=script)
            await page.open(address)
            await page.show(PHONE)  # to be asked
            texts.append(
                await page.value(
                    "(() => {const m = document.querySelector('main').cloneNode(true);"
                    "m.querySelectorAll('.live').forEach(e => e.remove());"
                    "return m.textContent.trim().length})()"
                )
            )
        assert texts[0] == texts[1] > 0, address


async def test_print_leaves_out_what_paper_cannot_do(portal: str, page: Page) -> None:
    await page.show(DESK)
    await page.open(f"{portal}/en/")
    await page.command("Emulation.setEmulatedMedia", media="print")
    hidden = "['header nav', 'header form', '.skip'].every(s => !document.querySelector(s)"
    assert await page.value(f"{hidden}.checkVisibility())")
