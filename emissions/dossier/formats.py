"""Writes numbers, dates and times of a dossier as offices in Kazakhstan do."""

from __future__ import annotations

from datetime import date
from typing import Final

from streams.core.time.local_clock import to_datetime, zone

NO_BREAK: Final = "\u00a0"


def number(value: float | None, digits: int = 4) -> str:
    """Format a number: decimal comma, groups of three digits, at most ``digits`` decimals."""
    if value is None:
        return "—"
    rounded = f"{value:,.{digits}f}"
    if "." in rounded:
        rounded = rounded.rstrip("0").rstrip(".")
    if value and rounded in ("0", "-0"):
        return f"{value:.2e}".replace(".", ",")
    return rounded.replace(",", NO_BREAK).replace(".", ",")


def money(kzt: int) -> str:
    """Format whole tenge in groups of three digits."""
    return f"{kzt:,}".replace(",", NO_BREAK)


def day(text: str | None) -> str:
    """Format an ISO date as ``01.03.2026``; what is no date stays as it is."""
    if text is None:
        return "—"
    try:
        return f"{date.fromisoformat(text[:10]):%d.%m.%Y}"
    except ValueError:
        return text


def moment(instant: int | None, zone_name: str) -> str:
    """Format an instant (ms UTC) on a clock: ``01.03.2026 05:00``."""
    if instant is None:
        return "—"
    local = to_datetime(instant).astimezone(zone(zone_name))
    fine = local.second or local.microsecond
    return f"{local:%d.%m.%Y %H:%M:%S}" if fine else f"{local:%d.%m.%Y %H:%M}"


def offset(instant: int, zone_name: str) -> str:
    """Format the offset of a clock: ``UTC+05:00``."""
    text = to_datetime(instant).astimezone(zone(zone_name)).strftime("%z")
    return f"UTC{text[:3]}:{text[3:]}"
