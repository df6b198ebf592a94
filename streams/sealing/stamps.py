"""Has the last checkpoint of each day stamped by a time-stamping authority (RFC 3161).

What is stamped is the signed text of the checkpoint, its three lines: later signatures of
witnesses change nothing of that. An authority that is away delays stamps and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from secrets import randbits
from typing import Any, Final

import aiohttp
import structlog
from asn1crypto import algos, tsp

from streams.core.evidence.checkpoint import FormError
from streams.core.evidence.note import split_note
from streams.kafka.retry import Backoff
from streams.sealing.durable import replace_file
from streams.sealing.log_files import CHECKPOINTS, STAMP, LogFiles

log = structlog.get_logger(__name__)

LOOK_S: Final = 60.0
"""Interval at which days without a stamp are looked for."""

_TIMEOUT: Final = aiohttp.ClientTimeout(total=20)
_MOST_BYTES: Final = 1 << 17
_GRANTED: Final = ("granted", "granted_with_mods")


class StampError(ValueError):
    """An answer that is no time stamp of what was asked; the text is a sentence."""


class DayStamper:
    """Stamp the days that are over; ``now`` is the clock, in seconds since 1970."""

    def __init__(
        self, files: LogFiles, url: str, *, log_interval_s: float, now: Callable[[], float]
    ) -> None:
        self._files = files
        self._url = url
        self._now = now
        self._backoff = Backoff(
            "stamp_checkpoint", f"{url} does not stamp", log_interval_s, longest_s=LOOK_S
        )

    async def run(self) -> None:
        """Stamp whenever a day is over; never return."""
        while True:
            try:
                await self.stamp()
            except Exception as error:  # whatever it is: sealing goes on, and it is tried again
                await self._backoff.wait(error)
            else:
                self._backoff.recovered()
                await asyncio.sleep(LOOK_S)

    async def stamp(self) -> list[str]:
        """Stamp each day that is over and has no stamp; return those days.

        Raises StampError, and the errors of the network, at the first day that fails.
        """
        today = datetime.fromtimestamp(self._now(), UTC).date().isoformat()
        stamped = []
        for day in self._files.days():
            path = self._files.directory / CHECKPOINTS / f"{day}{STAMP}"
            if day >= today or path.exists():
                continue
            text = signed_text(self._files, day)
            nonce = randbits(63)
            answer = await self._ask(request_of(text, nonce))
            check_answer(answer, text, nonce)
            replace_file(path, answer)
            log.info("checkpoint_stamped", day=day)
            stamped.append(day)
        return stamped

    async def _ask(self, request: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query"}
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.post(self._url, data=request, headers=headers) as answer,
        ):
            if answer.status != 200:
                raise StampError(f"it answers with status {answer.status}")
            content = bytearray()
            async for part in answer.content.iter_chunked(_MOST_BYTES):
                content += part
                if len(content) > _MOST_BYTES:
                    raise StampError(f"its answer has more than {_MOST_BYTES} bytes")
            return bytes(content)


def signed_text(files: LogFiles, day: str) -> bytes:
    """Return the text of a day's checkpoint that is signed and stamped; raises StampError."""
    try:
        return split_note(files.read(f"{CHECKPOINTS}/{day}").decode())[0].encode()
    except (FormError, UnicodeDecodeError) as error:
        raise StampError(f"{CHECKPOINTS}/{day} is no checkpoint: {error}") from None


def request_of(text: bytes, nonce: int) -> bytes:
    """Encode the request to stamp a text (SHA-256, with the authority's certificate)."""
    request = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {
                "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                "hashed_message": sha256(text).digest(),
            },
            "nonce": nonce,
            "cert_req": True,
        }
    )
    encoded: bytes = request.dump()
    return encoded


def check_answer(answer: bytes, text: bytes, nonce: int) -> None:
    """Check that an answer stamps what was asked; raises StampError.

    Whether the authority is to be believed is not checked here but by who relies on the stamp.
    """
    found = _decoded(answer, text)
    if found["nonce"].native != nonce:
        raise StampError("the stamp is of another request")


def stamped_at(answer: bytes, text: bytes) -> datetime:
    """Return the time that a stamp gives a text; raises StampError where it is of another one."""
    at: datetime = _decoded(answer, text)["gen_time"].native
    return at


def _decoded(answer: bytes, text: bytes) -> Any:
    """Return what the authority signed of a text (TSTInfo); raises StampError.

    Lenient where authorities are: some order their certificates as DER does not.
    """
    try:
        response = tsp.TimeStampResp.load(answer, strict=True)
        status = response["status"]["status"].native
        if status not in _GRANTED:
            told = response["status"]["status_string"].native or [status]
            raise StampError(f"no stamp was granted: {'; '.join(told)}")
        found = response["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
        imprint = found["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        digest = imprint["hashed_message"].native
    except StampError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StampError(f"the answer is no time stamp: {error}") from None
    if algorithm != "sha256" or digest != sha256(text).digest():
        raise StampError("the stamp is of another text")
    return found
