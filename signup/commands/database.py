"""`migrate` and `seed`: what happens to a database before anybody uses it."""

from contextlib import closing

from signup.clock import text
from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, Parser, no_options, whole
from signup.commands.session import opened
from signup.services import clock_of
from signup.settings import load
from signup.store import open_store

SIGNUPS, DAYS = 3000, 56


def migrate(options: Options) -> int:
    """Create or upgrade the database, and settle its mode and key; safe from any number of processes."""
    settings = load()
    with closing(open_store(settings.database_url)) as store:
        applied = store.migrate(text(clock_of(settings).now()))
    with opened(migrate=False):
        pass
    if options.json:
        output.json_line({"applied": applied})
    else:
        output.line(f"Applied {', '.join(applied)}." if applied else "The database is up to date.")
    return Exit.DONE


def seed(options: Options) -> int:
    """Play a made-up past into an empty database."""
    from signup.seed import seed as play  # here: nobody but this command needs it

    with opened() as services:
        done = play(services, signups=options.signups, days=options.days, chance=options.seed)
    if options.json:
        output.json_line(done)
    else:
        output.line(
            f"Played {done['signups']:,} sign-ups of the last {options.days} days, {done['events']:,} events, "
            f"in {done['seconds']:.1f} s."
        )
    return Exit.DONE


def _seed_options(parser: Parser) -> None:
    parser.add_argument("--signups", metavar="N", type=whole(1, 1_000_000), default=SIGNUPS, help="how many (3000)")
    parser.add_argument("--days", metavar="D", type=whole(1, 3650), default=DAYS, help="over how many days (56)")
    parser.add_argument("--seed", metavar="K", type=whole(0), default=0, help="the same number makes the same past")


COMMANDS = {"migrate": Command(no_options, migrate), "seed": Command(_seed_options, seed)}
