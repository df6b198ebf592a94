"""The routes that programs read: the API and the feeds; they tell errors as problems."""

from __future__ import annotations

from litestar import Router

from emissions.portal.api.router import api_router, told
from emissions.portal.feeds.routes import feed_router

__all__ = ["open_routers", "told"]


def open_routers() -> list[Router]:
    """Return the routes of the API and of the feeds."""
    return [api_router(), feed_router()]
