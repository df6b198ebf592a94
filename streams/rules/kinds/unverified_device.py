"""``unverified_device``: readings of a listed device that no verification of it covers.

CoAO art. 331 part 1. One violation a device and lapse, from its first accepted reading outside the
dates to the end of the last one's interval. It is open for as long as the device stays in the
registry without a valid verification; meanwhile its end is told again when the 20 minutes after it
have closed, and not with each reading. Evidence are the first message and the last. A device that
is not listed leads to `UNVERIFIED` alone.
"""

from __future__ import annotations

from typing import Final

from streams.core.judging.evaluator import DeviceEvaluator, Quiet, Scene, evaluates
from streams.core.judging.parts import KIND_NUMBERS
from streams.core.judging.violation import Claim, reasons_of
from streams.core.law.rule import Condition
from streams.core.quality.conflict import contested_time
from streams.core.records.findings import Proof
from streams.core.sources.source import VerifiedDevice
from streams.core.state.source_state import DeviceUse, PublishedViolation, UsedMessage
from streams.core.time.interval import BEGINNING, FOREVER

_TWENTY_MINUTES: Final = KIND_NUMBERS["20min"]


class UnverifiedDevice(Condition, frozen=True, tag="unverified_device"):
    """Accepted readings of a device that the registry lists and no verification covers."""


@evaluates(UnverifiedDevice)
class UnverifiedDeviceEvaluator(DeviceEvaluator[UnverifiedDevice]):
    """Publishes one violation a device and lapse of its verification."""

    def judge(self, scene: Scene, use: DeviceUse, *, contested: bool) -> Quiet:
        """Publish the use; where late readings moved its start, withdraw what was said before."""
        entry, now, before = scene.entry, scene.stream_time, use.published
        if before is not None and before.start != use.start:
            self._publish(scene, use, Claim(before.start, before.end), before, withdrawn=True)
            before = None
        seen = max(now, use.end - 1)  # a reading may end a little after its arrival
        over = entry.unverified_since(use.serial, seen) != use.since
        end = use.end
        if before is None or before.end is None or over or _quiet_until(scene, before.end) <= now:
            use.told = use.last
        else:
            end = before.end
        automatic = self.rule.automatic_since(entry.zone)
        if contested:
            use.held = contested_time(scene.state.conflicts, use.start, use.end) >= use.time
        claim = Claim(
            use.start,
            end,
            reasons=reasons_of(
                automatic=use.end > automatic if over else now >= automatic, contested=use.held
            ),
        )
        self._publish(scene, use, claim, before, over=over)
        if over:
            return Quiet(BEGINNING, FOREVER)
        edge = min(entry.verified_from(use.serial, seen), automatic if automatic > now else FOREVER)
        quiet = _quiet_until(scene, end)
        return Quiet(FOREVER, min(edge, quiet)) if now < quiet else Quiet(use.end, edge)

    def _publish(
        self,
        scene: Scene,
        use: DeviceUse,
        claim: Claim,
        before: PublishedViolation | None,
        *,
        over: bool = True,
        withdrawn: bool = False,
    ) -> None:
        """Publish what a use says now as the revision after ``before``."""
        lapsed = None if use.since == BEGINNING else (BEGINNING, use.since)
        messages = [] if withdrawn else [use.first]
        if not withdrawn and use.told is not None and use.told != use.first:
            messages.append(use.told)
        publisher = scene.publisher
        published = publisher.publish(
            self.rule,
            scene.subject,
            claim._replace(
                evidence=tuple(_proof(publisher.topic, publisher.partition, m) for m in messages),
                serial=use.serial,
                device=VerifiedDevice(use.serial, use.number, lapsed),
            ),
            None if before is None else before.published,
            at=scene.stream_time,
            over=over,
            withdrawn=withdrawn,
        )
        if published is not None:
            use.published = PublishedViolation(
                self.rule.code, None, claim.start, claim.end, published
            )


def _quiet_until(scene: Scene, end: int) -> int:
    """Return the stream time (ms) until which a later end than ``end`` is not told."""
    window = scene.entry.window(_TWENTY_MINUTES, end)
    return window[1] + scene.policy.grace_of(_TWENTY_MINUTES)


def _proof(topic: str, partition: int, message: UsedMessage) -> Proof:
    return Proof(topic, partition, message.offset, message.offset, 1, message.sha256.hex())
