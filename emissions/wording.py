"""Words for people that several commands share."""

from __future__ import annotations


def duration_words(seconds: float) -> str:
    """Format seconds as people say them: ``40 s``, ``5 min``, ``3 h 20 min``, ``24 days 7 h``."""
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} h" if hours else f"{days} days"
