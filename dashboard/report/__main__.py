"""`python -m dashboard.report --out FILE`: the program behind `python -m signup report`, whose options it shares."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from dashboard.numbers import Numbers, counted, known
from dashboard.report import page, pictures
from dashboard.report.page import Report
from signup.commands import edge, output
from signup.commands.exits import Exit
from signup.commands.parsing import Options, Parser
from signup.commands.progress import Progress, watched
from signup.commands.report import add_options
from signup.commands.session import opened
from signup.commands.stats import asked
from signup.errors import UsageWrong
from signup.measure.fold import fold_to_the_end
from signup.measure.numbers import numbers
from signup.measure.question import Question
from signup.phone import country_name
from signup.record import log
from signup.record.wholefile import file_for
from signup.services import Services
from signup.words import OUTCOMES


def run(words: Sequence[str]) -> int:
    """Count, draw, write. Raises what reading the log raises, UsageWrong."""
    parser = Parser(f"python -m {__spec__.parent}")
    add_options(parser)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(words)
    with watched("Drawing", options) as progress, opened(seals=True) as services:
        made, question = services.clock.now(), replace(asked(options), against=options.against)
        if options.charts:
            _make(options.charts)
        settled, found = question.settled(made), _numbers(services, question, made)
        known_from = _known_from(services)
        report = Report(
            numbers=known(found, settled, known_from),
            asked=settled,
            filters=_filters(options),
            mode=services.settings.mode,
            made=made,
            known_from=known_from,
        )
        pictured = _pictured(report, progress)
        with file_for(options.out, services.settings) as file:
            file.write(page.html(report, *pictured).encode())
        if options.charts:
            for name, picture in pictured[1].items():
                with file_for(options.charts / f"{name}.png", services.settings) as file:
                    file.write(picture)
    if options.json:
        output.json_line({"file": str(options.out)})
    else:
        output.facts([("File", str(options.out))])
    return Exit.DONE


def _make(folder: Path) -> None:
    """The folder for the charts, before anything is written. Raises UsageWrong."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or error
        raise UsageWrong(
            f"The charts cannot be written to {folder} ({why}): check the folder, its rights and the disk."
        ) from error


def _numbers(services: Services, question: Question, made: datetime) -> Numbers:
    """Of every outcome: those chosen only say what is drawn and listed, as on the page (dashboard/shared.py)."""
    fold_to_the_end(services)
    return counted(services, replace(question, outcomes=()), made)


def _known_from(services: Services) -> datetime | None:
    """The first day of which a log that has lost old events knows anything."""
    with numbers(services) as read:
        return read.known_from if log.is_pruned(services) else None


def _pictured(report: Report, progress: Progress) -> tuple[dict[str, str], dict[str, bytes]]:
    """Every chart in both forms. Drawing is the long part."""
    svgs = page.drawn(report)
    pngs = {}
    for name, svg in svgs.items():
        progress(len(pngs), len(svgs))
        pngs[name] = pictures.png(svg)
    progress(len(svgs), len(svgs))
    return svgs, pngs


def _filters(options: Options) -> dict[str, str]:
    """What was chosen, in words."""

    def values(given: list[str] | None) -> list[str]:
        return sorted({value.strip() for part in given or () for value in part.split(",")} - {""})

    chosen = {
        "countries": [country_name(code.upper()) for code in values(options.country)],
        "channels": values(options.channel),
        "outcomes drawn": [OUTCOMES[name] for name in values(options.outcome)],
    }
    return {name: ", ".join(found) for name, found in chosen.items() if found}


if __name__ == "__main__":
    sys.exit(edge.ended(lambda: run(sys.argv[1:])))
