"""`stats`: the numbers of the Overview, read by the same code from the same roll-ups.

Unlike a page it folds to the log's end before it reads, however long that takes: a script sees no sentence that says
how far the count has come.
"""

from dataclasses import asdict
from typing import Any

from signup import words
from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, Parser, add_range
from signup.commands.session import opened
from signup.errors import UsageWrong
from signup.measure.calendar import INTERVALS, PRESETS
from signup.measure.check import Checked, check
from signup.measure.figures import count, duration, percent
from signup.measure.fold import fold_to_the_end, rebuild_from_the_log
from signup.measure.numbers import numbers
from signup.measure.question import Question, question
from signup.record import log

COUNTS = ("started", "completed", "declined", "expired", "failed", "open")
RATES = ("successRate", "errorRate", "lockHitRate")
LOCK = ("lockHits", "lockedNumbers", "hitsBeforeDecision", "rejectedNumbers")
DURATIONS = ("requestSeconds", "decisionSeconds", "approveSeconds", "profileSeconds", "retrySeconds")


def stats(options: Options) -> int:
    """One answer about one range."""
    about = asked(options)
    with opened(seals=True) as services:
        now = services.clock.now()
        if options.rebuild:
            rebuild_from_the_log(services)
        if options.check:
            return _checked(check(services, about, now), options)
        fold_to_the_end(services)
        pruned = log.is_pruned(services)
        with numbers(services) as read:
            answer = read.stats(about, now)
            about.settled(now).refuse_unknown(answer["started"], read.known_from if pruned else None)
    if options.json:
        output.json_line(answer)
    else:
        _show(answer)
    return Exit.DONE


def _checked(found: Checked, options: Options) -> int:
    """Say in which figures the roll-ups differ from a count of the log, event by event."""
    if options.json:
        differences = [asdict(one) for one in found.differences]
        output.json_line({"asOfSeq": found.seq, "questions": found.questions, "differences": differences})
    else:
        output.line(f"{count(found.questions)} questions, up to event {count(found.seq)}.")
        for one in found.differences:
            figure = f"{one.figure} ({one.question})" if one.question else one.figure
            output.line(f"{figure}: {one.rolled} in the roll-ups, {one.counted} in the log")
        output.line(words.DIFFER[found.redacted] if found.differences else "Every figure is what the log says.")
    return Exit.NO if found.differences else Exit.DONE


def asked(options: Options) -> Question:
    """The question that the options of `add_question` make. Raises UsageWrong."""
    if options.range and (options.start or options.end):
        raise UsageWrong("--range stands in the place of --from and --to: leave it out, or both of them.")
    return question(
        from_=options.start,
        to=options.end,
        tz=options.tz,
        interval=options.interval,
        country=options.country,
        channel=options.channel,
        outcome=options.outcome,
        preset=options.range,
    )


def _show(told: dict[str, Any]) -> None:
    output.line(f"{told['from']} to {told['to']}, up to event {count(told['asOfSeq'])}")
    _facts({name: count(told[name]) for name in COUNTS})
    _facts({name: percent(told[name]) for name in RATES})
    _facts({name: count(told[name]) for name in LOCK})
    _section("FUNNEL", ("REACHED",), [(words.FUNNEL[row["step"]], count(row["reached"])) for row in told["funnel"]])
    _section("DURATION", ("P50", "P95", "P99", "N"), [_duration(name, told[name]) for name in DURATIONS])
    _section(
        "COUNTRY",
        ("STARTED", "COMPLETED", "SUCCESS"),
        [
            (row["country"], count(row["started"]), count(row["completed"]), percent(row["successRate"]))
            for row in told["byCountry"]
        ],
    )
    for row in told["errors"]:
        output.line("")
        output.line(f"{count(row['count'])}  {row['step']} {row['code']}{'' if row['inErrorRate'] else ' (warning)'}")
        output.line(f"   {row['cure']}")


def _facts(named: dict[str, str]) -> None:
    output.line("")
    output.facts((words.MEASURES[name], value) for name, value in named.items())


def _section(head: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    if rows:
        output.line("")
        output.table((head, *columns), rows, right=range(1, len(columns) + 1))


def _duration(name: str, figures: dict[str, Any]) -> tuple[str, ...]:
    return (words.MEASURES[name], *(duration(figures[rank]) for rank in ("p50", "p95", "p99")), count(figures["n"]))


def add_question(parser: Parser) -> None:
    """Which range, whose clock, which buckets, whom."""
    add_range(parser)
    parser.add_argument(
        "--range",
        choices=tuple(PRESETS),
        metavar="R",
        help=f"a range of the Overview up to now, in the place of both: one of {', '.join(PRESETS)}",
    )
    parser.add_argument("--tz", metavar="ZONE", default="UTC", help="whose days, such as Europe/Stockholm (UTC)")
    parser.add_argument("--interval", choices=INTERVALS, metavar="I", help=f"one of {', '.join(INTERVALS)}")
    for name, what in (("country", "CC"), ("channel", "C"), ("outcome", "O")):
        parser.add_argument(f"--{name}", metavar=what, action="append", help="only this one; several with commas")


def _options(parser: Parser) -> None:
    add_question(parser)
    parser.add_argument("--rebuild", action="store_true", help="count everything anew from the audit log first")
    parser.add_argument(
        "--check", action="store_true", help="compare every figure with a slow count of the log; exit 1 if any differs"
    )


COMMANDS = {"stats": Command(_options, stats)}
