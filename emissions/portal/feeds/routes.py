"""The addresses of the feeds: ``/feeds/nation.atom``, ``regions/CODE.atom``, ``enterprises/…``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from litestar import Response, Router, get
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import PathParameter, QueryParameter

from emissions.portal.api.router import told
from emissions.portal.database import DatabaseGoneError
from emissions.portal.feeds.atom import MEDIA_TYPE, Entry, Feed, write_atom
from emissions.portal.language import Language, words
from emissions.portal.queries.changes_feed import (
    MOST_PAGES,
    Change,
    Owner,
    changes,
    enterprise_named,
    region_named,
)
from emissions.portal.rendering import NO_VALUE, PageView, View, name_of, number
from emissions.portal.source_address import segment_of

_KEPT: Final = {"cache-control": "public, no-cache"}
"""Cases are named in it: whoever keeps it asks each time whether it still holds."""
_NEVER: Final = datetime(2021, 7, 1, tzinfo=UTC)
"""When a feed without entries was updated: the first day of the Environmental Code."""

Spoken = Annotated[Language, QueryParameter(name="lang")]
PageNumber = Annotated[int, QueryParameter(name="page", ge=1, le=MOST_PAGES)]
File = Annotated[str, PathParameter(max_length=40)]


@get("/nation.atom")
async def nation_feed(view: PageView, lang: Spoken = "kk", page: PageNumber = 1) -> Response[bytes]:
    """Send the changes of the nation."""
    title = words(lang)["feeds.nation"]
    return await _feed(view, lang, page, "nation", title, "/")


@get("/regions/{file:str}")
async def region_feed(
    view: PageView, file: File, lang: Spoken = "kk", page: PageNumber = 1
) -> Response[bytes]:
    """Send the changes of a region."""
    code = _named(file, r"KZ-[0-9]{2}")
    owner = await region_named(view.database, code)
    title = _title("feeds.region", owner, lang)
    return await _feed(view, lang, page, f"regions/{code}", title, f"/regions/{code}", region=code)


@get("/enterprises/{file:str}")
async def enterprise_feed(
    view: PageView, file: File, lang: Spoken = "kk", page: PageNumber = 1
) -> Response[bytes]:
    """Send the changes of an enterprise."""
    bin_ = _named(file, r"[0-9]{12}")
    owner = await enterprise_named(view.database, bin_)
    title = _title("feeds.enterprise", owner, lang)
    path = f"/enterprises/{bin_}"
    return await _feed(view, lang, page, path[1:], title, path, bin_=bin_)


def feed_router() -> Router:
    """Return the routes of the feeds; errors are told as problems."""
    return Router(
        path="/feeds",
        route_handlers=[nation_feed, region_feed, enterprise_feed],
        exception_handlers=dict.fromkeys((HTTPException, DatabaseGoneError, Exception), told),
        include_in_schema=False,
    )


def _named(file: str, pattern: str) -> str:
    found = re.fullmatch(rf"({pattern})\.atom", file, re.ASCII)
    if found is None:
        raise NotFoundException("a feed is /feeds/nation.atom, regions/KZ-55.atom, "
                                "or enterprises/БИН.atom")  # fmt: skip
    return found[1]


def _title(name: str, owner: Owner | None, language: Language) -> str:
    if owner is None:
        raise NotFoundException("nothing of this name is registered")
    return words(language)[name].format(name=name_of(owner, language))


async def _feed(
    view: View,
    language: Language,
    page: int,
    key: str,
    title: str,
    path: str,
    *,
    bin_: str = "",
    region: str = "",
) -> Response[bytes]:
    found, more = await changes(view.database, page, bin_=bin_, region=region)
    at = f"/feeds/{key}.atom?lang={language}"
    feed = Feed(
        key=f"feeds/{key}/{language}",
        title=title,
        author=words(language)["common.site"],
        language=language,
        address=at if page == 1 else f"{at}&page={page}",
        page_address=f"/{language}{path}",
        next_address=f"{at}&page={page + 1}" if more else None,
        previous_address=f"{at}&page={page - 1}" if page > 1 else None,
        entries=[entry_of(each, language) for each in found],
        updated=max((each.updated for each in found), default=_NEVER),
    )
    return Response(write_atom(feed), media_type=MEDIA_TYPE, headers=_KEPT)


def entry_of(change: Change, language: Language) -> Entry:
    """Return a change as an entry; a gap keeps its id through its revisions."""
    texts = words(language)
    if change.kind == "case":
        return _case_entry(change, language)
    state = f"_{change.status.lower()}" if change.kind == "gap" else ""
    name = f"feeds.{change.kind}{state}"
    values = {
        "source": change.source_id,
        "parameter": change.parameter or texts["feeds.whole_source"],
        "start": change.start_local,
        "day": change.start_local[:10],
        "end": change.end_local or NO_VALUE,
        "value": number(change.value, language),
        "limit": number(change.limit, language),
        "unit": change.unit,
        "revision": change.revision,
    }
    about = [change.source_id, change.parameter, change.unit, f"{change.start:%Y-%m-%dT%H:%M:%S}"]
    if change.kind == "revised":
        about.append(str(change.revision))
    source = segment_of(change.source_id)
    return Entry(
        key="/".join([change.kind, *about]),
        title=texts[f"{name}_title"].format(**values),
        summary=texts[name].format(**values),
        address=f"/{language}/sources/{source}/days/{change.start_local[:10]}",
        updated=change.updated,
    )


def _case_entry(change: Change, language: Language) -> Entry:
    """Return a case that may be named as an entry; it keeps its id through its revisions."""
    texts = words(language)
    values = {
        "name": name_of(change, language),
        "article": change.article,
        "source": change.source_id or texts["feeds.whole_enterprise"],
        "start": change.start_local[:10],
        "value": number(change.value, language, digits=15),
    }
    name = "feeds.case" if change.value is not None else "feeds.case_without_sum"
    return Entry(
        key=f"case/{change.id}",
        title=texts["feeds.case_title"].format(**values),
        summary=texts[name].format(**values),
        address=f"/{language}/enterprises/{change.bin}",
        updated=change.updated,
    )
