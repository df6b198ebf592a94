"""The switch of the authority: when enterprises are named, and whether cases are held back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta

from emissions.portal.api.answer import ApiRequest, answered, paths
from emissions.portal.api.document import documented
from emissions.portal.api.filters import USUAL_ROWS, Cursor, Limit
from emissions.portal.api.resource import KeyColumn, Resource
from emissions.portal.rendering import PageView


class Setting(msgspec.Struct, frozen=True):
    """What the authority has set last."""

    revision: Annotated[int, Meta(description="Number of the setting; 0: none was ever set")]
    names: Annotated[
        Literal["AFTER_APPEAL", "FINAL_DECISIONS_ONLY", "NOBODY"],
        Meta(description="When the enterprise of a case is named"),
    ]
    held: Annotated[
        bool,
        Meta(description="true: no case, no violation and no count of them is shown now"),
    ]
    set_at: Annotated[datetime | None, Meta(description="When it was set, UTC; null: never")]


SETTING: Final = Resource(
    "publication", Setting.__struct_fields__, "public_publication",
    (KeyColumn("revision", "number"),),
)  # fmt: skip


@get(paths("publication"), **documented("Cases", Setting))
async def publication(
    request: ApiRequest, view: PageView, limit: Limit = USUAL_ROWS, cursor: Cursor = None
) -> Response[bytes]:
    """Give the switch of the authority, one row.

    It concerns cases, violations and their counts alone: means, gaps, availability, masses and
    revisions are open whatever is set.
    """
    found = await answered(request, view.database, SETTING, [], limit=limit, cursor=cursor)
    found.headers["cache-control"] = "public, no-cache"
    return found


handlers: Final[list[HTTPRouteHandler]] = [publication]
