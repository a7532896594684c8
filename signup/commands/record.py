"""`checkpoint` and `keys`: the audit log's head signed now, and who signs it."""

from pathlib import Path

from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, Parser
from signup.commands.session import opened
from signup.errors import UsageWrong
from signup.record import keys as signing
from signup.record.checkpoint import Clerk, to_stderr
from signup.record.seal import Sealer
from signup.record.wholefile import refuse_ours

ACTOR = "cli"


def checkpoint(options: Options) -> int:
    """The head, sealed and signed now."""
    with opened() as services:
        if options.out:
            refuse_ours(options.out, services.settings)
        key = signing.ready(services, to_stderr)
        Sealer(services).seal()
        made = Clerk(services, key, actor=ACTOR, say=to_stderr).make()
    if options.out:
        _write(options.out, f"{made.line}\n")
    if options.json:
        output.line(made.line)
    else:
        facts = [("Event", f"{made.seq:,}"), ("At", made.at), ("Root", made.root), ("Key", made.key_id)]
        output.facts([*facts, ("File", str(options.out) if options.out else None)])
    return Exit.DONE


def keys(options: Options) -> int:
    """The keys that sign the record, after what a person may have said about them."""
    with opened(seals=not (options.new_without_old or options.accept_restore)) as services:
        if options.new_without_old:
            signing.new_without_old(services, to_stderr)
        if options.accept_restore:
            signing.accept_restore(services, to_stderr)
        found = signing.overview(services)
    if options.json:
        output.json_line({"keys": found})
    else:
        names = ("current", "endorsed", "pinned")
        rows = [(key["keyId"], key["addedAt"], ", ".join(name for name in names if key[name])) for key in found]
        output.table(("KEY", "ADDED", "IS"), rows)
    return Exit.DONE


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, "ascii")
    except OSError as error:
        raise UsageWrong(
            f"The checkpoint cannot be written to {path} ({error.strerror}): name another file."
        ) from error


def _checkpoint_options(parser: Parser) -> None:
    parser.add_argument("--out", metavar="FILE", type=Path, help="also as a file, to be kept elsewhere")


def _keys_options(parser: Parser) -> None:
    parser.add_argument(
        "--new-without-old", action="store_true", help="the old key is gone for good: go on with the new one"
    )
    parser.add_argument(
        "--accept-restore", action="store_true", help="the newer database is gone for good: go on with this one"
    )


COMMANDS = {"checkpoint": Command(_checkpoint_options, checkpoint), "keys": Command(_keys_options, keys)}
