"""``emissions dead-letters replay``: resend rejected messages."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from emissions.cli.support.dead_letter_access import (
    connection,
    filters,
    nothing_found,
    now_ms,
    rechecker_of,
    requiring_topics,
    sink_dead_letters,
)
from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.output import RunProgress, format_option, notice, show_rows
from emissions.cli.support.running import run
from streams.core.time.local_clock import iso
from streams.counted import counted

if TYPE_CHECKING:
    from emissions.dead_letters.dead_letter import DeadLetterFilter
    from emissions.dead_letters.resend import PreparedResend
    from emissions.dead_letters.resend_plan import ResendPlan, ResendPolicy, ResendStep

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
    help="Send at most N; run again to continue.",
)
@click.option(
    "--policy",
    type=click.Choice(["stop", "requeue", "drop"]),
    default="stop",
    show_default=True,
    help="For a letter that would be rejected again: stop before it, send it anyway (it becomes a "
    "new dead letter), or skip it (it stays one).",
)
@click.option("--again", is_flag=True, help="Also send letters that were resent before.")
@click.option(
    "--dry-run", is_flag=True, help="Show what would be done with each letter; send nothing."
)
@click.option("--yes", is_flag=True, help="Do not ask; required without a terminal.")
@format_option
def replay(
    wanted: DeadLetterFilter,
    limit: int,
    policy: ResendPolicy,
    again: bool,
    dry_run: bool,
    yes: bool,
    form: str,
) -> None:
    """Resend dead letters, oldest first, with their original bytes, key and headers.

    They go to their original topic with a header `dead-letter` that names the letter, and are
    judged as messages that arrive now: with the current registry, and TOO_LATE if their interval
    ended longer ago than EMISSIONS_MAX_LATENESS_S. Each letter is sent once: letters that an
    earlier run sent, even one that was killed, are found in the topic (two runs at the same time
    do not see each other). Each letter is rechecked first with the current code and registry;
    --policy decides what happens if it would be rejected again. Exits with 1 if a letter stopped
    the run.

    \b
    Examples:
      emissions dead-letters replay --reason UNKNOWN_SOURCE --source KZ-0001-01 --dry-run
      emissions dead-letters replay --reason UNKNOWN_SCHEMA --policy drop --limit 50000 --yes
    """
    from emissions.dead_letters.resend import SendError, prepare_resend, send_prepared

    settings, codec = connection()
    stored = sink_dead_letters(settings)

    async def prepare() -> PreparedResend:
        with RunProgress() as progress:
            return await prepare_resend(
                settings,
                codec,
                stored,
                wanted,
                await rechecker_of(settings, codec),
                progress,
                policy=policy,
                limit=limit,
                again=again,
            )

    async def send() -> int:
        with RunProgress() as progress:
            return await send_prepared(settings, codec, prepared, progress)

    with requiring_topics():
        prepared = run(prepare())
    plan = prepared.plan
    if not plan.steps:
        notice(nothing_found(wanted))
        return
    if dry_run:
        show_rows(map(_step, plan.steps), STEPS, form)
        notice(
            "TOO_LATE is evaluated as if the message arrived now, "
            f"{iso(now_ms())}; nothing was sent"
        )
    else:
        if plan.to_send and not yes:
            _ask(plan)
        try:
            sent = run(send()) if plan.to_send else 0
        except SendError as error:
            raise CommandError(
                f"{error} ({error.sent} of {len(plan.to_send)} were sent; run again to continue)"
            ) from None
        show_rows([_summary(plan, sent)], SUMMARY, form)
    _explain(plan, settings.dead_letter_limit_run)


def _step(step: ResendStep) -> dict[str, Any]:
    from emissions.dead_letters.describe import arrival_text, verdict_text

    letter = step.letter
    return {
        "place": str(letter.place),
        "arrived": arrival_text(letter.arrived),
        "reason": letter.reason,
        "source_id": letter.source_id,
        "now": verdict_text(step.refused),
        "action": step.action,
    }


def _ask(plan: ResendPlan) -> None:
    topics = sorted({letter.place.topic for letter in plan.to_send})
    count = len(plan.to_send)
    what = f"{count} message{'s' if count > 1 else ''} again to {', '.join(topics)}"
    if not sys.stdin.isatty():
        raise CommandError(
            f"nothing was sent: without a terminal, give --yes to send {what} (--dry-run "
            "lists them)",
            BAD_INPUT,
        )
    if not click.confirm(f"Send {what}?"):
        notice("nothing was sent")
        raise click.exceptions.Exit(1)


def _summary(plan: ResendPlan, sent: int) -> dict[str, Any]:
    from emissions.dead_letters.resend_plan import ALREADY, DROP, KEEP, REQUEUE

    return {
        "sent": sent,
        "to_be_refused_again": plan.count(REQUEUE),
        "passed_over": plan.count(DROP, KEEP),
        "sent_before": plan.count(ALREADY),
        "left": plan.beyond,
    }


def _explain(plan: ResendPlan, limit: int) -> None:
    """Print notes on the plan; exit with 1 where a letter stopped it."""
    from emissions.dead_letters.describe import verdict_text
    from emissions.dead_letters.resend_plan import KEEP, REQUEUE

    for step in plan.steps:
        if step.action == KEEP:
            notice(f"{step.letter.place} is skipped: {step.refused and step.refused.detail}")
    refused = plan.count(REQUEUE)
    if limit and refused >= limit:
        notice(
            f"{counted(refused, 'letter')} rejected again may exceed the dead-letter limit of "
            "their partition "
            f"(EMISSIONS_DEAD_LETTER_LIMIT_RUN is {limit})"
        )
    stopped = plan.stopped_at
    if stopped is not None:
        raise CommandError(
            f"stopped at {stopped.letter.place}, which would be rejected again "
            f"({verdict_text(stopped.refused)}); --policy drop skips such letters, "
            "requeue sends them anyway"
        )
    if plan.beyond:
        notice(f"{counted(plan.beyond, 'letter')} left; run again to send more (--limit)")
