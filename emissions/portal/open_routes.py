"""The routes that programs read: API, feeds, files of open data; errors are problems."""

from __future__ import annotations

from litestar import Router

from emissions.portal.api.router import api_router, told
from emissions.portal.data_files import data_router
from emissions.portal.feeds.routes import feed_router

__all__ = ["open_routers", "told"]


def open_routers() -> list[Router]:
    """Return the routes of the API, of the feeds and of the files."""
    return [api_router(), feed_router(), data_router()]
