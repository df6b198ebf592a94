"""The page on which anybody verifies a bundle of evidence; nothing of it is kept."""

from __future__ import annotations

import asyncio
from typing import Any, Final, NamedTuple

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from emissions.portal.bundle_verifier import (
    UPLOAD_S,
    BundlesOfPortal,
    BundleVerifier,
    BusyError,
    NotDoneError,
)
from emissions.portal.client_address import address_of
from emissions.portal.rendering import PageView, View
from emissions.verify.isolated import MOST_BYTES, Verdict
from emissions.verify.report import MOST, held_lines, problem_groups
from emissions.verify.run import Verification
from emissions.verify.words import WORDS

_LONGEST: Final = 300


class Shown(NamedTuple):
    """A verification in the words of a language, as the page lays it out."""

    verdict: str
    subject: str
    verified: bool
    held: list[str]
    problems: list[tuple[str, list[str]]]
    more: str
    notes: list[str]
    keys: list[tuple[str, str]]


@get("/verify")
async def verify_form(view: PageView, bundles: BundlesOfPortal) -> Response[str]:
    """Show where a bundle is dropped, and how to verify one without this page."""
    return _page(view, bundles)


@post("/verify", status_code=200, request_max_body_size=MOST_BYTES + 64 * 1024)
async def verify(
    view: PageView, bundles: BundlesOfPortal, request: Request[Any, Any, Any]
) -> Response[str]:
    """Verify an uploaded bundle, and say what holds or what differs."""
    try:
        async with bundles.upload(address_of(request)):
            data = await _uploaded(request)
            if data is None:
                return _page(view, bundles, said="no_file", status=400)
            verdict = await bundles.verify(data)
    except BusyError as error:
        answer = _page(view, bundles, said="busy", status=429)
        answer.headers["retry-after"] = str(max(1, round(error.wait_s)))
        return answer
    except TimeoutError:
        return _page(view, bundles, said="slow_upload", status=408)
    except NotDoneError:
        return _page(view, bundles, said="not_done", status=422)
    except HTTPException as error:
        if error.status_code == 413:
            return _page(view, bundles, said="too_large", status=413)
        return _page(view, bundles, said="no_file", status=400)
    if verdict.found is None:
        return _page(view, bundles, said="no_bundle", status=422)
    return _page(view, bundles, verdict=verdict)


async def _uploaded(request: Request[Any, Any, Any]) -> bytes | None:
    """Return the bytes of the file that the form sends, None where there is none.

    What arrives is held on disk beyond a mebibyte; that file has no name. Raises TimeoutError.
    """
    async with asyncio.timeout(UPLOAD_S):
        form = await request.form()
    file = form.get("bundle")
    if not isinstance(file, UploadFile):
        return None
    data = await file.read(MOST_BYTES + 1)
    await form.close()
    return data or None


def _page(
    view: View,
    bundles: BundleVerifier,
    *,
    said: str = "",
    verdict: Verdict | None = None,
    status: int = 200,
) -> Response[str]:
    found = None if verdict is None or verdict.found is None else shown(verdict.found, view)
    answer = view.render(
        "verify.html", status=status, said=said, found=found, trusting=bundles.trusting
    )
    if said or found:
        answer.headers["cache-control"] = "no-store"
    return answer


def shown(found: Verification, view: View) -> Shown:
    """Put a verification into words; what the file says of itself is cut short."""
    words = WORDS[view.language]
    keys = {each.key: each for each in (*found.statement, *found.checkpoint)}
    left = len(found.problems) - MOST
    return Shown(
        words["verified" if found.verified else "not_verified"],
        words[found.subject or "unknown"].format(id=_cut(found.id), revision=found.revision),
        found.verified,
        [_cut(each) for each in held_lines(found, words)] if found.verified else [],
        [(f"{said} ({code})", list(map(_cut, each))) for code, said, each in
         problem_groups(found, words)],
        words["more"].format(count=left) if left > 0 else "",
        [_cut(each) for each in (() if found.judged is None else found.judged.notes)][:MOST],
        [
            (_cut(each.key), words["trusted" if each.trusted else "untrusted"])
            for each in list(keys.values())[:MOST]
        ],
    )  # fmt: skip


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


handlers: Final[list[HTTPRouteHandler]] = [verify_form, verify]
