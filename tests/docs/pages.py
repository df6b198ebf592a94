"""The pages of docs/reference that are written from the code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.docs.api_page import api_page
from tests.docs.asyncapi_page import asyncapi_page
from tests.docs.commands import commands_page
from tests.docs.erap_page import erap_page
from tests.docs.exit_codes_page import exit_codes_page
from tests.docs.glossary_page import glossary_page
from tests.docs.log_events_page import log_events_page
from tests.docs.metrics_page import metrics_page
from tests.docs.quality_codes_page import quality_codes_page
from tests.docs.rules_page import rules_page
from tests.docs.settings_page import settings_page
from tests.docs.subscribing_page import subscribing_page
from tests.docs.topics_page import topics_page

REFERENCE: Final = Path(__file__).parents[2] / "docs" / "reference"

PAGES: Final[dict[str, Callable[[], str]]] = {
    "commands.md": commands_page,
    "settings.md": settings_page,
    "api.md": api_page,
    "rules.md": rules_page,
    "quality-codes.md": quality_codes_page,
    "topics-and-schemas.md": topics_page,
    "exit-codes.md": exit_codes_page,
    "log-events.md": log_events_page,
    "metrics.md": metrics_page,
    "glossary.md": glossary_page,
    "subscribing.md": subscribing_page,
    "erap-1av.md": erap_page,
    "asyncapi.yaml": asyncapi_page,
}
"""Those that need no process; that of the views is read from a migrated ClickHouse."""

VIEWS: Final = "clickhouse-views.md"
