"""Every way a thing can go wrong, as one tree.

    SignupError                    code, sentence
    |- CannotStart                 exit 2: nothing was begun
    |  |- SettingsWrong            settings_wrong
    |  |- DatabaseUnusable         database_unusable
    |  |- WrongMode                database_wrong_mode
    |  |- SchemaBehind             schema_behind
    |  |- KeyLost                  key_lost
    |  `- PortTaken                port_taken
    |- UsageWrong                  usage_wrong, exit 2
    |- StoreUnavailable            store_unavailable: the database could not be written in time
    |  `- StoreHeld                for another holds it, who may be at work
    |- NumbersBehind               numbers_behind: what is asked for is not counted yet
    |- NumberRejected              number_invalid: nothing was sent and no lock was taken
    |- StillOpen                   signup_open: a person cannot be erased while a sign-up of theirs is open
    |- CallbackRejected            a callback that a retry cannot help (HTTP 4xx)
    |- OutboundFailed              outbound_failed (signup/outbound.py): nobody answered a call of ours
    |- RecordAltered               record_altered: the audit log's head changed under its sealer
    |  `- BackupRestored           backup_restored: the log ends before what was signed
    `- NotCanonical                not_canonical: a bug, details that the record refuses

`code` is stable for ever; `sentence` says what happened and what to do. Each edge (HTTP, command line, page)
translates once. A secret or a number never stands in a sentence.
"""

from datetime import datetime


class SignupError(Exception):
    """The root: `code` for programs, `sentence` for people."""

    code = "error"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class CannotStart(SignupError):
    """A program cannot begin; one line names the cause and the cure."""


class SettingsWrong(CannotStart):
    """One or more settings are wrong; all are told together."""

    code = "settings_wrong"


class DatabaseUnusable(CannotStart):
    """The database cannot be opened."""

    code = "database_unusable"


class WrongMode(CannotStart):
    """The database was made in the other mode (sandbox or live)."""

    code = "database_wrong_mode"


class SchemaBehind(CannotStart):
    """The database's version is not this program's."""

    code = "schema_behind"


class KeyLost(CannotStart):
    """The database holds data under keys that are not listed."""

    code = "key_lost"


class PortTaken(CannotStart):
    """Something else listens on the port."""

    code = "port_taken"


class UsageWrong(SignupError):
    """A command or a question that makes no sense as asked."""

    code = "usage_wrong"


class StoreUnavailable(SignupError):
    """The database could not be read or written in time; nothing was changed."""

    code = "store_unavailable"


class StoreHeld(StoreUnavailable):
    """Another program, or another thread, held what was to be written for longer than a writer waits."""


class NumbersBehind(SignupError):
    """The roll-ups do not reach as far as what was asked for."""

    code = "numbers_behind"


class NumberRejected(SignupError):
    """A text that is no phone number. `reason`: not_a_number, too_short, too_long, invalid; `country` when known."""

    code = "number_invalid"

    def __init__(self, reason: str, sentence: str, country: str | None = None) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.country = country


class StillOpen(SignupError):
    """A sign-up of the number is open, until the aware UTC time `until` at the latest."""

    code = "signup_open"

    def __init__(self, until: datetime, sentence: str) -> None:
        super().__init__(sentence)
        self.until = until


class CallbackRejected(SignupError):
    """A callback that cannot be read: `http_status` and `code` as the receiver answers them."""

    def __init__(self, http_status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.http_status = http_status
        self.code = code


class RecordAltered(SignupError):
    """Somebody changed the audit log's head while a sealer held it."""

    code = "record_altered"


class BackupRestored(RecordAltered):
    """The database is older than the newest checkpoint that was signed."""

    code = "backup_restored"


class NotCanonical(SignupError):
    """An event whose details are outside the record's canonical JSON, or of an unknown kind."""

    code = "not_canonical"
