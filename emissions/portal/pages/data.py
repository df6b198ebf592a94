"""The page of open data: what there is, in which form, and how to take it along."""

from __future__ import annotations

from typing import Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from emissions.portal.api.filters import MOST_ROWS
from emissions.portal.api.router import api_document
from emissions.portal.rendering import PageView


@get("/data")
async def data(view: PageView) -> Response[str]:
    """Show the resources of the API, the feeds, and lines that read them."""
    paths = [path for path in api_document()["paths"] if "." not in path and "{" not in path]
    site = "https://PORTAL"
    return view.render(
        "data.html",
        resources=[(path, path.rpartition("/")[2].replace("-", "_")) for path in paths],
        most_rows=MOST_ROWS,
        examples=[
            ("curl", f"curl -o means.csv '{site}/api/v1/means.csv?window=day&from=2026-05-01'"),
            (
                "DuckDB",
                "INSTALL httpfs; LOAD httpfs;\n"
                'SELECT source_id, day, value, unit, "limit"\n'
                f"FROM read_parquet('{site}/api/v1/means.parquet?window=day&from=2026-05-01')\n"
                'WHERE value > "limit";',
            ),
            (
                "pandas",
                "import pandas as pd\n"
                f"means = pd.read_csv('{site}/api/v1/means.csv?window=day&from=2026-05-01')",
            ),
        ],
    )


handlers: Final[list[HTTPRouteHandler]] = [data]
