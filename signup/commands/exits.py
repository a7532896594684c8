"""What a command's end tells the shell. Promised to scripts: never change one."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes."""

    DONE = 0
    NO = 1
    CANNOT = 2
    LOCK_HIT = 3
    REJECTED = 4
    UPSTREAM = 5
    INTERRUPTED = 130
    PIPE_CLOSED = 141
