"""Search for enterprises, sources and regions by words."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from emissions.portal.queries.places import regions
from emissions.portal.queries.search import found_enterprises, found_sources, search_words
from emissions.portal.rendering import PageView

MOST: Final = 50
"""Most enterprises and most sources on the page; it says how many there are beyond."""


@get("/search")
async def search(
    view: PageView, q: Annotated[str, Parameter(max_length=100)] = ""
) -> Response[str]:
    """Show the regions, enterprises and sources that hold every word of the question."""
    asked = search_words(q)
    names = await regions(view.database)
    if not asked:
        return view.render(
            "search.html", q=q, asked=False, regions=[], enterprises=[], sources=[], names=names,
            most=MOST,
        )  # fmt: skip
    enterprises, sources = await asyncio.gather(
        found_enterprises(view.database, asked, MOST), found_sources(view.database, asked, MOST)
    )
    folded = {
        code: " ".join(search_words(f"{each.name_ru} {each.name_kk} {each.name_en} {code}"))
        for code, each in names.items()
    }
    return view.render(
        "search.html",
        q=q,
        asked=True,
        regions=[names[code] for code, text in folded.items() if all(w in text for w in asked)],
        enterprises=enterprises,
        sources=sources,
        names=names,
        most=MOST,
    )


handlers: Final[list[HTTPRouteHandler]] = [search]
