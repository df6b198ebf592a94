"""Draws the map of the regions: each is a link, coloured by the step of a figure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from markupsafe import Markup

TRANSMISSION_STEPS: Final = (0.99, 0.97, 0.95, 0.90)
"""From this share on a region is in step 0, 1, 2, 3; below in step 4: the darker the less came."""
NUMBER_STEPS: Final = (0, 2, 5, 10)
"""Up to this number a region is in step 0, 1, 2, 3; above in step 4."""

_PATH: Final = re.compile(r'<path id="(KZ-\d\d)" d="([MLZmlz0-9.,\- ]+)"')
_HEAD: Final = re.compile(r'viewBox="([0-9. ]+)"')


class Drawn(NamedTuple):
    """A region on the map: where it leads, what is told of it, its step (None: nothing known)."""

    code: str
    address: str
    told: str
    step: int | None


def share_step(value: float | None) -> int | None:
    """Return the step of a share from 0 to 1."""
    if value is None:
        return None
    return next((at for at, least in enumerate(TRANSMISSION_STEPS) if value >= least), 4)


def number_step(value: int | None) -> int | None:
    """Return the step of a number."""
    if value is None:
        return None
    return next((at for at, most in enumerate(NUMBER_STEPS) if value <= most), 4)


def region_map(regions: Iterable[Drawn], label: str) -> Markup:
    """Return the map as SVG to stand in a page; ``label`` names it to who does not see it."""
    box, shapes = _shapes()
    drawn = Markup("").join(
        Markup(
            '<a href="{}" aria-label="{}"><path class="{}" d="{}"><title>{}</title></path></a>'
        ).format(each.address, each.told, _kind(each.step), shapes[each.code], each.told)
        for each in regions
        if each.code in shapes
    )
    return Markup('<svg viewBox="{}" role="group" aria-label="{}">{}</svg>').format(
        box, label, drawn
    )


def drawn_codes() -> frozenset[str]:
    """Return the codes of the regions that the map holds."""
    return frozenset(_shapes()[1])


def _kind(step: int | None) -> str:
    return "unknown" if step is None else f"s{step}"


@cache
def _shapes() -> tuple[str, dict[str, Markup]]:
    text = files("emissions.portal").joinpath("static", "kz-regions.svg").read_text("utf-8")
    head = _HEAD.search(text)
    shapes = {code: Markup(path) for code, path in _PATH.findall(text)}  # noqa: S704  ours
    return (head.group(1) if head else "0 0 1000 562"), shapes
