"""`scenario run`: stories of the sandbox from files, each played and compared with what it expects. Sandbox mode only.

One result a line. Exit 1 when something differs, 2 when something could not be played: no file is played before all
are read.
"""

import os
from dataclasses import replace
from pathlib import Path

from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, Parser
from signup.commands.session import opened
from signup.errors import UsageWrong
from signup.record.wholefile import file_for, refuse_ours
from signup.scenario import junit, ready
from signup.scenario.play import played
from signup.scenario.result import Result
from signup.scenario.story import MOST_BYTES, Story, read
from signup.settings import Settings

ACTOR = "cli"


def scenario(options: Options) -> int:
    """Play every file, in order."""
    stories = [(file, _read(file)) for file in options.files]
    results = []
    with opened() as services:
        if options.junit:
            _refuse(options.junit, services.settings)
        ready.insist(services)
        for file, story in stories:
            results.append(played(services, str(file), story, actor=ACTOR))
            _show(results[-1], as_json=options.json)
        if options.junit:
            with file_for(options.junit, services.settings) as out:
                out.write(junit.document([_without_control(result) for result in results]))
    if any(result.cannot for result in results):
        return Exit.CANNOT
    return Exit.NO if any(result.differs for result in results) else Exit.DONE


def _read(file: Path) -> Story:
    try:
        with file.open("rb") as opened_file:
            written = opened_file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageWrong(f"{file} cannot be read ({error.strerror}): name a scenario's file.") from error
    try:
        return read(written)
    except UsageWrong as wrong:
        raise UsageWrong(f"{file}: {wrong.sentence}") from None


def _refuse(out: Path, settings: Settings) -> None:
    """Raise UsageWrong for where no results can be written: told before anything is played."""
    refuse_ours(out, settings)
    place = out.resolve()
    if (place.exists() and not place.is_file()) or not os.access(place.parent, os.W_OK):
        raise UsageWrong(f"The results cannot be written to {out}: name a file in a folder that is yours.")


def _without_control(result: Result) -> Result:
    """The same by names that any XML file can hold: a file's may have every letter."""
    return replace(result, file=output.printable(result.file))


def _show(result: Result, *, as_json: bool) -> None:
    if as_json:
        output.json_line(result.json())
    else:
        problem = f": {result.problem}" if result.problem else ""
        output.line(f"{result.end:<7}  {result.seconds:5.1f} s  {result.file}  {result.name}{problem}")
    output.flush()


def _options(parser: Parser) -> None:
    parser.add_argument("act", choices=("run",), metavar="run", help="play them, against everything that runs")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="such as sandbox/scenarios/lock.json")
    parser.add_argument("--junit", metavar="FILE", type=Path, help="the results as JUnit XML too")


COMMANDS = {"scenario": Command(_options, scenario)}
