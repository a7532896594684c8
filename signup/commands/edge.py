"""Where the command line begins and ends: picks the command, runs it, and translates what went wrong, once.

What goes wrong is one line on stderr with the cure; stdout stays what a script asked for. A command's module is
imported only when that command runs.
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper

from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, Parser
from signup.errors import RecordAltered, SettingsWrong, SignupError, StillOpen, UsageWrong

COMMANDS = {
    "migrate": ("database", "create or upgrade the database"),
    "start": ("signups", "start one sign-up"),
    "show": ("signups", "one sign-up with its timeline"),
    "list": ("signups", "sign-ups, newest first"),
    "watch": ("watch", "match, complete and expire until stopped"),
    "events": ("audit", "the audit log"),
    "stats": ("stats", "the Overview's numbers"),
    "report": ("report", "the Overview as one HTML file"),
    "export": ("export", "the audit log, or the sign-ups, as a file"),
    "verify": ("verify", "whether the audit log is whole and unaltered"),
    "checkpoint": ("record", "sign the audit log's head now"),
    "keys": ("record", "the keys that sign the audit log"),
    "erase": ("privacy", "erase a person, with a signed receipt"),
    "redact": ("privacy", "take the details of one event out of the audit log"),
    "doctor": ("doctor", "what works, what does not, and the cure"),
    "seed": ("database", "a made-up past, sandbox mode only"),
    "clock": ("clock", "how far the sandbox's clock is ahead, and further, sandbox mode only"),
    "scenario": ("scenario", "play stories of the sandbox from files, sandbox mode only"),
}
SANDBOX_ONLY = ("seed", "clock", "scenario")
STDIN = "--stdin"
EPILOG = f"With {STDIN} as the last word, more words are read from stdin, one a line: no list of processes shows them."


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    return ended(lambda: _run(list(sys.argv[1:] if words is None else words)))


def ended(work: Callable[[], int]) -> int:
    """The exit code of a piece of work. NO is an answer, so nothing that went wrong may end with it."""
    if sys.stdout is None:
        output.problem("stdout is closed: open it, or send it to /dev/null.")
        return Exit.CANNOT
    _never_fail_at_a_letter()
    try:
        code = work()
        output.flush()
    except BrokenPipeError:
        _forget_stdout()
        return Exit.PIPE_CLOSED
    except KeyboardInterrupt as stop:
        if stop.args:
            output.problem(str(stop))
        return Exit.INTERRUPTED
    except output.StdoutLost as lost:
        _forget_stdout()
        output.problem(f"stdout cannot be written ({lost}): make room there, or send it elsewhere.")
        return Exit.CANNOT
    except SignupError as error:
        output.problem(error.sentence)
        return Exit.NO if isinstance(error, (RecordAltered, StillOpen)) else Exit.CANNOT
    except Exception as fault:  # Python would leave with 1
        sys.excepthook(type(fault), fault, fault.__traceback__)
        output.problem(f"This command broke ({type(fault).__name__}). Report it to whoever maintains this program.")
        return Exit.CANNOT
    return code


def _run(words: list[str]) -> int:
    try:
        options = _parsed(_with_stdin(words))
    except SystemExit:  # argparse leaves so after --help
        return Exit.DONE
    except UsageWrong:
        if words[-1:] != [STDIN]:
            raise
        raise UsageWrong("The words on stdin do not fit the command: one a line, such as --reason=WHY.") from None
    return int(options.run(options))


def _with_stdin(words: list[str]) -> list[str]:
    """The words of the command line; where the last one is `--stdin`, more of them on stdin, one a line.

    A list of processes shows a command line to everybody on the machine: a number or a reason need not stand there.
    """
    if words[-1:] != [STDIN]:
        return words
    return [*words[:-1], *sys.stdin.read().replace("\r\n", "\n").removesuffix("\n").split("\n")]


def _parsed(words: list[str]) -> Options:
    """The command and its options; only the chosen command knows its own."""
    parser = Parser("python -m signup", description="Sign-ups by Truecaller, from the command line.", epilog=EPILOG)
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    chosen = words[0] if words else ""
    for name in _offered(chosen):
        module, summary = COMMANDS[name]
        its = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name == chosen:
            command = _command(module, name)
            command.options(its)
            its.add_argument("--json", action="store_true", help="JSON on stdout, one object a line")
            its.set_defaults(run=command.run)
    return parser.parse_args(words)


def _command(module: str, name: str) -> Command:
    commands: dict[str, Command] = import_module(f"signup.commands.{module}").COMMANDS
    return commands[name]


def _offered(name: str) -> list[str]:
    """The commands there are: some exist in sandbox mode alone."""
    if name in COMMANDS and name not in SANDBOX_ONLY:
        return list(COMMANDS)
    from signup.settings import load  # here: other commands load them once they are parsed

    try:
        live = load().mode == "live"
    except SettingsWrong:
        live = False  # the command itself tells what is wrong with them
    return [known for known in COMMANDS if not (live and known in SANDBOX_ONLY)]


def _never_fail_at_a_letter() -> None:
    """A terminal of an old encoding gets a question mark for a letter it does not have."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _forget_stdout() -> None:
    """Whoever read us has left: Python must not complain about it when it closes stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
