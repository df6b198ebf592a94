"""Notices are known up to the moment they are asked for, and bad records do not stop it."""

from __future__ import annotations

import msgspec
from structlog.testing import capture_logs

from emissions.replay.publish import publish_notices
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.registry.notice import Notice
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import NoticeHistory
from streams.registry.avro import enterprise_from_record
from streams.registry.follower import RegistryFollower
from streams.registry.notice_follower import NoticeFollower
from streams.registry.notices import RECORD, DatedNotice
from streams.registry.topic_follower import TopicFollowers
from streams.rules.country import home
from tests.core.examples import BIN
from tests.support.broker import TestBroker
from tests.support.streams_process import own_settings

NOTICE = Notice("N-1", "MARK", BIN, "A", 0, 1, flag="C", reason="calibration")


async def test_what_was_published_is_known_and_what_is_none_is_said(broker: TestBroker) -> None:
    settings, codec, known = own_settings(broker.address), Codec(FileIds()), NoticeHistory()
    await broker.create(settings.topic_notices, settings.topic_registry)
    follower = NoticeFollower(settings, codec, known, home())
    registrations = RegistryFollower(
        settings, codec, RegistryHistory(), enterprise_from_record, home()
    )
    both = TopicFollowers(registrations, follower)
    await both.start()
    try:
        later = msgspec.structs.replace(NOTICE, id="N-2")
        dated = [DatedNotice(later, 2000), DatedNotice(NOTICE, 1000)]
        assert await publish_notices(settings, dated, codec) == 2
        other = codec.encode(RECORD, msgspec.structs.replace(NOTICE, flag="M"))
        same = codec.encode(RECORD, NOTICE)
        topic = settings.topic_notices
        await broker.produce(topic, [other, same, None, b"x"], key=b"N-1", timestamp_ms=3000)
        await broker.produce(topic, [same], key=b"N-9", timestamp_ms=3000)
        with capture_logs() as logs:
            await both.catch_up()
        assert [(each.notice.id, each.arrived_at) for each in known.of_source("A")] == [
            ("N-1", 1000),
            ("N-2", 2000),
        ]
        assert (follower.applied, follower.skipped) == (3, 4)
        problems = [each["problem"] for each in logs if each["event"] == "notice_ignored"]
        assert problems[0] == "the id N-1 is taken by another notice"
        assert problems[1].startswith("a notice is never deleted")
        assert problems[3] == "its key is not its id N-1"
        assert both.failure is None
    finally:
        await both.stop()
