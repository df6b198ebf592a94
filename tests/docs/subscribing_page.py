"""Writes the contract of those who subscribe, from the code that keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from emissions.bridge.answer import MOST_BYTES, MOST_MEASURES, AnsweredMeasure, Kind
from emissions.bridge.outcome import Outcome, Patience, Reply, outcome_of
from emissions.bridge.signature import LONGEST, SHORTEST
from emissions.bridge.window import Bounds
from streams.runtime.cloud_events import CONTENT_TYPE, EVENT_TYPES
from streams.settings import Settings
from tests.docs.asyncapi_page import HEADERS, OPTIONAL
from tests.docs.markdown import block, code, page, table

CLIENT: Final = Path(__file__).parents[1] / "subscribers" / "plain_client.py"

_TOPICS: Final = {
    "Violation": ("topic_violations", "`id`"),
    "AdministrativeCase": ("topic_cases", "`id`"),
    "Finding": ("topic_findings", "`source_id`, or the БИН"),
    "Advice": ("topic_advice", "`source_id`"),
}
_ANSWERS: Final = {
    "kind": "required: " + ", ".join(code(kind) for kind in Kind.__args__),  # type: ignore[attr-defined]
    "id": "of yours, where a case has several of a kind; a later one under it replaces it",
    "delivered_at": "of DELIVERED alone: when the paper was delivered, ISO 8601 with an offset",
    "imposed_on": "day, ISO 8601",
    "executed_on": "day",
    "overturned_on": "day from which it is in force no more",
    "amount_kzt": "whole tenge",
    "reference": "number of your paper, such as that of the registration",
    "closes": "true: a DECIDED or REVIEWED that ends the case",
}
_MEANS: Final = {
    Outcome.DELIVERED: "accepted; its answer is read",
    Outcome.REFUSED: "never to be accepted: a dead letter at once",
    Outcome.FAILED: "tried again; it counts as a failed try",
    Outcome.UNAVAILABLE: "tried again; it counts only if another event was accepted meanwhile",
}
_VERIFY: Final = """
signed = webhook-id + "." + webhook-timestamp + "." + body          (bytes as received)
key    = base64-decode(key without "whsec_")
valid  = any part of webhook-signature equals "v1," + base64(HMAC-SHA256(key, signed))
         (compare in constant time; refuse a timestamp more than 5 minutes off)
"""
_ANSWER: Final = """
{"measures": [{"kind": "SENT", "reference": "17/2026"},
              {"kind": "DELIVERED", "delivered_at": "2026-03-07T12:00:00+05:00"}]}
"""
_LATER: Final = """
{"answers": [{"case_id": "7d444840-9dc0-5ef3-a245-5ffdce74fad2",
              "measures": [{"kind": "PAID", "amount_kzt": 500000, "executed_on": "2026-04-02"}]}],
 "next": "page-2"}
"""


def subscribing_page() -> str:
    """State the contract of the topics, of a plain client, and of the webhook."""
    return page("Subscribe to violations and cases", *_topics(), *_client(), *_webhook())


def _topics() -> list[str]:
    settings = Settings()
    rows = [
        (code(getattr(settings, setting)), record, key, code(EVENT_TYPES[record].name))
        for record, (setting, key) in _TOPICS.items()
    ]
    return [
        "Any Kafka client may follow what is found, in any language, with a consumer group of its "
        "own. This page is the contract; [asyncapi.yaml](asyncapi.yaml) says the same to machines, "
        "for every topic; the records are in [topics and schemas](topics-and-schemas.md).",
        table(("topic", "record", "key", "`ce_type`"), rows),
        "Advice is for the operator whose source it is: what is about to happen and can still be "
        "averted. It has no legal weight, no other record follows from it or names it, and that "
        "none came excuses nothing ([advice](../concepts/advice.md)).",
        "## What is promised",
        table(
            ("", ""),
            [
                (
                    "order",
                    "Records of one key are in one partition (murmur2), in the order of their "
                    "revisions. Between keys there is no order: a case may come before the last "
                    "revision of one of its violations.",
                ),
                (
                    "revisions",
                    "Each record is whole: the last revision is all there is to know. Numbers "
                    "rise; of all but cases some may be missing ([which](../operations/recovery.md"
                    "#which-revisions-there-are)). The same id and revision always say the same. "
                    "An advice is told once and has none: its event is revision 1.",
                ),
                (
                    "delivery",
                    "At least once. A record may come again, after a crash of ours or when the log "
                    "is judged again; then its older revisions come again before it.",
                ),
                (
                    "idempotence",
                    "Keep the revision beside the id. What is not greater than the kept one "
                    "changes nothing. What has an effect outside (a case opened, a letter sent) "
                    "happens once an id, in the transaction that keeps the revision.",
                ),
                (
                    "taking back",
                    "Nothing is deleted. What turned out wrong comes as a revision with the status "
                    "or state `WITHDRAWN`.",
                ),
                (
                    "retention",
                    "Violations, cases and findings stay: who is new begins at the earliest offset "
                    "and has everything. Advice is deleted after 30 days.",
                ),
                (
                    "compatibility",
                    "Schemas evolve under BACKWARD_TRANSITIVE: fields are added with defaults. "
                    "Read with the schema of the message's id; ignore fields, headers and types of "
                    "events that you do not know. A change that breaks readers is a new `ce_type`, "
                    "on a topic of its own.",
                ),
                (
                    "transactions",
                    "We write none today. Read committed records all the same "
                    "(`isolation.level=read_committed`).",
                ),
            ],
        ),
        "## Headers",
        "Each record of these topics is a CloudEvent 1.0 in Kafka's binary mode: the headers "
        "describe it, the value is the Avro record. Route and skip by them without decoding.",
        table(
            ("header", "is", ""),
            [
                (code(name), meaning, "optional" if name in OPTIONAL else "")
                for name, meaning in HEADERS.items()
            ],
        ),
        f"The value is not plain Avro, so its type is {code(CONTENT_TYPE)}: byte 0, the schema's "
        "id in four bytes big-endian, the body. The ids are those of the schema registry, or of "
        "`schemas/ids.json` without one.",
    ]


def _client() -> list[str]:
    return [
        "## A client",
        "Python with aiokafka and fastavro, nothing of ours; arguments: broker, topic, group, "
        "folder of the schemas, file of the view. It may be killed at any point. The tests kill "
        "it, and one in JavaScript (kafkajs, avsc), in the middle: nothing is missed, nothing is "
        "opened twice.",
        block(CLIENT.read_text("utf-8"), "python"),
    ]


def _webhook() -> list[str]:
    patience, bounds = Patience(), Bounds()
    return [
        "## The webhook",
        "`emissions bridge` brings the cases to those who would rather take HTTPS than Kafka. It "
        "posts every revision of every case, with `--violations` also those of violations, as a "
        "CloudEvent in structured mode (`application/cloudevents+json`): `data.case` is the record "
        "with its times as text, `data.erap_1av` its [form 1-АВ](erap-1av.md) or null. Names of "
        "devices and dates of verifications in the form are as registered when it is sent.",
        "Requests are signed as Standard Webhooks are. A key is `whsec_` and base64 of "
        f"{SHORTEST} to {LONGEST} bytes; with several in the file every one signs, so that you can "
        "move from one to the next.",
        block(_VERIFY),
        table(
            ("", ""),
            [
                (
                    "identity",
                    "`webhook-id` is the event's `id`: id and revision. A repeated request "
                    "carries the same id and the same body; answer it as the first.",
                ),
                (
                    "order",
                    "A revision of a case is sent when the one before it was accepted or became a "
                    "dead letter. Cases do not wait for each other. A dead letter that is sent "
                    "again later comes after newer revisions: keep the greatest.",
                ),
                (
                    "form 1-АВ",
                    "Register one form a case (`data.case.id`). A later revision of it is no "
                    "second offence.",
                ),
                (
                    "retries",
                    f"Pauses double from {patience.shortest_s:g} s to "
                    f"{patience.longest_s:g} s; `Retry-After` is kept, up to "
                    f"{patience.longest_asked_s / 3600:g} h. After {patience.tries} tries that "
                    "count it is a dead letter. "
                    f"{patience.refused} dead letters in a row stop that: the fault is then rather "
                    "ours, and nothing is given up until an event is accepted.",
                ),
                (
                    "acknowledgement",
                    "An offset is committed when everything before it was accepted or is in the "
                    "file of dead letters. Killed anywhere, the bridge sends again what it had not "
                    f"committed, at most {bounds.ahead} events a partition.",
                ),
                (
                    "one of several",
                    "Bridges of one group divide the partitions; when one dies, another takes its "
                    "partitions over and sends again what was not committed.",
                ),
                (
                    "safety",
                    "Certificates are verified; http is for this machine only, unless "
                    "`--allow-http`; redirects are not followed, no more than "
                    f"{MOST_BYTES // 1024} KiB of a reply are read.",
                ),
            ],
        ),
        "### Replies",
        table(("status", "means"), [(_statuses(each), _MEANS[each]) for each in Outcome]),
        "No reply (refused, dropped, too slow, TLS) is as 503. Any 2xx accepts, whatever the body.",
        "### Answers",
        "The body of a 2xx may tell what became of the case; it comes back as records `Measure` on "
        "`emissions.measures`, and moves state and dates of the case.",
        block(_ANSWER, "json"),
        table(
            ("field", "is"),
            [(code(name), _ANSWERS[name]) for name in AnsweredMeasure.__struct_fields__],
        ),
        f"At most {MOST_MEASURES}. They are on the case that was sent: БИН, source and article are "
        "its own, and a fine that is on no case of ours is loaded by the authority itself. One "
        "mistake (another field, a delivery in the future or before the detection) refuses the "
        "whole answer: the case counts as delivered, the answer goes to the dead letters.",
        "A body that is no JSON object tells nothing. What becomes of a case later is told at an "
        "address that the bridge asks (`--answers URL`, `--every` so many seconds), with a GET "
        "that is signed as an empty body is:",
        block(_LATER, "json"),
        "`next` comes back as `?after=` the next time. After a restart the bridge begins without "
        "it: tell all again, the same measures have the same ids. An answer that cannot be taken "
        "is logged (`answer_refused`); `emissions measures load` brings a measure in by hand.",
        "### Dead letters",
        "What was not accepted, and answers that could not be taken, stand in the file of "
        "`--dead-letters`, one JSON object a line, with reason, id and record. Settle the cause, "
        "move the file, and give it back with `--replay`. Each bridge has a file of its own; it "
        "must survive a restart.",
    ]


def _statuses(outcome: Outcome) -> str:
    """List the statuses that mean an outcome, those in a row as a span."""
    found = [status for status in range(200, 600) if outcome_of(Reply(status)) is outcome]
    spans: list[list[int]] = []
    for status in found:
        if spans and spans[-1][1] == status - 1:
            spans[-1][1] = status
        else:
            spans.append([status, status])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in spans)
