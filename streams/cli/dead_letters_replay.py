"""``emissions dead-letters replay``: messages that could not be used, sent again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from streams.cli.errors import BAD_INPUT, CommandError
from streams.cli.letter_access import (
    connection,
    filters,
    nothing_found,
    now_ms,
    present_of,
    stored_letters,
    topics_exist,
)
from streams.cli.output import RunProgress, format_option, notice, show_rows
from streams.cli.running import run
from streams.core.calendar import iso

if TYPE_CHECKING:
    from streams.dead_letters.letter import Wanted
    from streams.dead_letters.plan import Plan, Policy, Step
    from streams.dead_letters.replay import Prepared

SENT_AT_MOST = 1000
STEPS = ("place", "arrived", "reason", "now", "action")
SUMMARY = ("sent", "to_be_refused_again", "passed_over", "sent_before", "left")


@click.command("replay")
@filters
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=SENT_AT_MOST,
    show_default=True,
    metavar="N",
    help="Send at most so many; a further run goes on.",
)
@click.option(
    "--policy",
    type=click.Choice(["stop", "requeue", "drop"]),
    default="stop",
    show_default=True,
    help="What to do with a letter that would be refused again: end before it, send it all the "
    "same (it becomes a new letter), or pass it over (it stays a letter).",
)
@click.option("--again", is_flag=True, help="Send also what was sent again before.")
@click.option("--dry-run", is_flag=True, help="Show what would be done with each letter.")
@click.option("--yes", is_flag=True, help="Do not ask; without a terminal nothing is sent else.")
@format_option
def replay(
    wanted: Wanted,
    limit: int,
    policy: Policy,
    again: bool,
    dry_run: bool,
    yes: bool,
    form: str,
) -> None:
    """Send dead letters again, the oldest first: original bytes, key and headers.

    They go to their original topic with a header `dead-letter` that names the letter, and are
    judged as messages that arrive now: by the registry of now, and TOO_LATE where their interval
    ended longer ago than EMISSIONS_MAX_LATENESS_S. A letter is sent once: what an earlier run
    sent, also one that was killed, is found in the topic (two runs at once do not see each other).
    Each letter is looked at first with
    the present code and registry; --policy says what happens where it would be refused again.
    Exits with 1 where a letter stopped the run.

    \b
    Examples:
      emissions dead-letters replay --reason UNKNOWN_SOURCE --source KZ-0001-01 --dry-run
      emissions dead-letters replay --reason UNKNOWN_SCHEMA --policy drop --limit 50000 --yes
    """
    from streams.dead_letters.replay import prepare_replay, send_prepared
    from streams.dead_letters.send import SendError

    settings, codec = connection()
    stored = stored_letters(settings)

    async def prepare() -> Prepared:
        with RunProgress() as progress:
            return await prepare_replay(
                settings,
                codec,
                stored,
                wanted,
                await present_of(settings, codec),
                progress,
                policy=policy,
                limit=limit,
                again=again,
            )

    async def send() -> int:
        with RunProgress() as progress:
            return await send_prepared(settings, codec, prepared, progress)

    with topics_exist():
        prepared = run(prepare())
    plan = prepared.plan
    if not plan.steps:
        notice(nothing_found(wanted))
        return
    if dry_run:
        show_rows(map(_step, plan.steps), STEPS, form)
        notice(f"TOO_LATE is told by an arrival now, {iso(now_ms())}; nothing was sent")
    else:
        if plan.to_send and not yes:
            _ask(plan)
        try:
            sent = run(send()) if plan.to_send else 0
        except SendError as error:
            raise CommandError(
                f"{error} ({error.sent} of {len(plan.to_send)} were sent; a further run goes on)"
            ) from None
        show_rows([_summary(plan, sent)], SUMMARY, form)
    _explain(plan, settings.dead_letter_limit_run)


def _step(step: Step) -> dict[str, Any]:
    from streams.dead_letters.describe import arrival_text, verdict

    letter = step.letter
    return {
        "place": str(letter.place),
        "arrived": arrival_text(letter.arrived),
        "reason": letter.reason,
        "source_id": letter.source_id,
        "now": verdict(step.refused),
        "action": step.action,
    }


def _ask(plan: Plan) -> None:
    topics = sorted({letter.place.topic for letter in plan.to_send})
    count = len(plan.to_send)
    what = f"{count} message{'s' if count > 1 else ''} again to {', '.join(topics)}"
    if not sys.stdin.isatty():
        raise CommandError(
            f"nothing was sent: without a terminal --yes is needed to send {what} (--dry-run "
            "shows each)",
            BAD_INPUT,
        )
    if not click.confirm(f"Send {what}?"):
        notice("nothing was sent")
        raise click.exceptions.Exit(1)


def _summary(plan: Plan, sent: int) -> dict[str, Any]:
    from streams.dead_letters.plan import ALREADY, DROP, KEEP, REQUEUE

    return {
        "sent": sent,
        "to_be_refused_again": plan.count(REQUEUE),
        "passed_over": plan.count(DROP, KEEP),
        "sent_before": plan.count(ALREADY),
        "left": plan.beyond,
    }


def _explain(plan: Plan, limit: int) -> None:
    """What a person should know of the plan; exit 1 where a letter stopped it."""
    from streams.dead_letters.describe import verdict
    from streams.dead_letters.plan import KEEP, REQUEUE

    for step in plan.steps:
        if step.action == KEEP:
            notice(f"{step.letter.place} is passed over: {step.refused and step.refused.detail}")
    refused = plan.count(REQUEUE)
    if limit and refused >= limit:
        notice(
            f"{refused} that are refused again may reach the dead-letter limit of their partition "
            f"(EMISSIONS_DEAD_LETTER_LIMIT_RUN is {limit})"
        )
    stopped = plan.stopped_at
    if stopped is not None:
        raise CommandError(
            f"stopped at {stopped.letter.place}, which would be refused again "
            f"({verdict(stopped.refused)}); --policy drop passes such letters over, "
            "requeue sends them all the same"
        )
    if plan.beyond:
        notice(f"{plan.beyond} letters are left for a further run (--limit)")
