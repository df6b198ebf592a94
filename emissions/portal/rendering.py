"""Renders pages: templates with the words, numbers and times of a language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, partial
from typing import Any, Final
from urllib.parse import quote

from babel import dates, numbers
from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response
from litestar.di import NamedDependency
from litestar.enums import MediaType
from markupsafe import Markup, escape

from emissions.portal.database import Questions
from emissions.portal.language import LANGUAGES, NAMES, Language, words
from emissions.portal.page_assets import ASSETS
from emissions.portal.phone_tables import with_labels
from emissions.portal.source_address import segment_of
from emissions.portal.units import unit_text
from streams.core.time.local_clock import zone

NATION_CLOCK: Final = "Asia/Almaty"
NO_VALUE: Final = "–"
_NO_VALUE: Final = Markup("–")


@dataclass(frozen=True)
class View:
    """What a page is made with: the language, its address, the database and the clock.

    ``path`` is the address without its language (``/regions``).
    """

    language: Language
    path: str
    query: str
    database: Questions
    clock: Callable[[], datetime]
    signing_in: bool = False
    """Whether there is anybody who may sign in."""

    @property
    def today(self) -> date:
        """The date in Almaty."""
        return self.clock().astimezone(zone(NATION_CLOCK)).date()

    def text(self, name: str, **values: object) -> str:
        """Return a text of the language (``start.title``), with values put into its braces."""
        found = words(self.language)[name]
        return found.format(**values) if values else found

    def render(self, template: str, *, status: int = 200, **values: Any) -> Response[str]:
        """Render a template; every value is escaped."""
        rendered = (
            _environment(self.language)
            .get_template(template)
            .render(
                view=self,
                alternates=self.alternates(),
                **values,
            )
        )
        return Response(rendered, media_type=MediaType.HTML, status_code=status)

    def alternates(self) -> list[tuple[Language, str, str]]:
        """Return each language with its name and this page's address in it."""
        asked = f"?{self.query}" if self.query else ""
        return [(each, NAMES[each], f"/{each}{self.path}{asked}") for each in LANGUAGES]


PageView = NamedDependency[View]
"""How a page asks for its view: a parameter ``view`` of this kind."""


def number(value: float | None, language: Language, digits: int = 4) -> str:
    """Format a number with at most so many significant digits; a dash for None."""
    if value is None:
        return NO_VALUE
    rounded = float(f"{value:.{digits}g}")
    return str(numbers.format_decimal(rounded, format="#,##0.######", locale=language))


def count(value: int | None, language: Language) -> str:
    """Format a whole number in groups of three digits."""
    return NO_VALUE if value is None else str(numbers.format_decimal(value, locale=language))


def share(value: float | None, language: Language) -> str:
    """Format a share from 0 to 1 as percent, rounded down to a tenth: 99.97 % is not 100 %."""
    if value is None:
        return NO_VALUE
    floored = int(value * 1000 + 1e-9) / 1000
    return str(numbers.format_percent(floored, format="#,##0.#\u00a0%", locale=language))


def hours(seconds: float | None, language: Language) -> str:
    """Format seconds as a number of hours; a dash for None."""
    return number(None if seconds is None else seconds / 3600, language, digits=3)


def local_time(value: datetime | None, language: Language, timezone: str = NATION_CLOCK) -> Markup:
    """Format a moment on a local clock, with its offset, as an element ``time``."""
    if value is None:
        return _NO_VALUE
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    there = moment.astimezone(zone(timezone))
    day = dates.format_date(there.date(), "d MMM y", locale=language)
    offset = there.strftime("%z")
    written = f"{day}, {there:%H:%M}"
    return Markup('<time datetime="{}" title="UTC{}:{}">{}</time>').format(
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), offset[:3], offset[3:], written
    )


def day(value: date | None, language: Language) -> Markup:
    """Format a date as an element ``time``."""
    if value is None:
        return _NO_VALUE
    written = dates.format_date(value, "d MMM y", locale=language)
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), written)


def written_day(value: str, language: Language) -> Markup:
    """Format a date that a document holds as text; what is no date stays."""
    try:
        return day(date.fromisoformat(value), language)
    except ValueError:
        return escape(value)


def month(value: date, language: Language) -> str:
    """Format a month with its year."""
    return str(dates.format_skeleton("yMMMM", value, locale=language))


def name_of(row: Any, language: Language, prefix: str = "name") -> str:
    """Return the name that a row has in a language (``name_kk``); of those there are the next."""
    for each in (language, "ru", "kk", "en"):
        found = getattr(row, f"{prefix}_{each}", "")
        if found:
            return str(found)
    return ""


def _paragraphs(text: str) -> Markup:
    parts = [part.strip() for part in text.split("\n\n") if part.strip()]
    return Markup("").join(Markup("<p>{}</p>").format(part) for part in parts)


@cache
def _environment(language: Language) -> Environment:
    made = Environment(
        loader=PackageLoader("emissions.portal", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    texts = words(language)

    def text(name: str, **values: object) -> str:
        found = texts[name]
        return found.format(**values) if values else found

    functions: Mapping[str, Callable[..., Any]] = {
        "number": partial(number, language=language),
        "count": partial(count, language=language),
        "share": partial(share, language=language),
        "hours": partial(hours, language=language),
        "local_time": partial(local_time, language=language),
        "day": partial(day, language=language),
        "written_day": partial(written_day, language=language),
        "month": partial(month, language=language),
        "paragraphs": _paragraphs,
        "name": partial(name_of, language=language),
        "unit": partial(unit_text, language=language),
    }
    made.filters.update(functions)
    made.filters["segment"] = partial(quote, safe="")
    made.filters["with_labels"] = with_labels
    made.filters["source_segment"] = segment_of
    made.globals.update(t=text, lang=language, asset=ASSETS.address, has_text=texts.__contains__)
    return made
