"""What was changed in data after they had been published: the notices of the system itself."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from emissions.portal.queries.changes import CHANGES_PER_PAGE, revised_gaps, revised_means
from emissions.portal.rendering import PageView

_MOST_PAGES: Final = 1000


@get("/changes")
async def changes(
    view: PageView, page: Annotated[int, Parameter(ge=1, le=_MOST_PAGES)] = 1
) -> Response[str]:
    """Show means that were revised and gaps that were withdrawn or changed in 30 days."""
    means, gaps = await asyncio.gather(
        revised_means(view.database, page), revised_gaps(view.database, page)
    )
    more = max(len(means), len(gaps)) > CHANGES_PER_PAGE and page < _MOST_PAGES
    return view.render(
        "changes.html",
        means=means[:CHANGES_PER_PAGE],
        gaps=gaps[:CHANGES_PER_PAGE],
        page=page,
        more=more,
    )


handlers: Final[list[HTTPRouteHandler]] = [changes]
