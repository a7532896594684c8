"""Numbers that a regulator keeps free for fiction and that libphonenumber accepts as valid, with the source of each.

The personas have theirs from here, ten each. It must not know who has which.
"""

# Sweden, PTS, numbers for use in books and films: 070-174 06 05 to 070-174 06 99.
SWEDEN = tuple(range(46701740605, 46701740700))

# Australia, ACMA, phone numbers for use in TV shows, films and creative works: these mobile numbers, one by one.
AUSTRALIA = (
    *(61491570006, 61491570110, 61491570156, 61491570157, 61491570158),
    *(61491570159, 61491570313, 61491570737, 61491571266, 61491571491),
)

# United States, NANPA, 555 line numbers kept for fictional use: 555-0100 to 555-0199 under area codes 202 and 212.
WASHINGTON = tuple(range(12025550100, 12025550200))
NEW_YORK = tuple(range(12125550100, 12125550200))

# Whose number a profile shows when it is not the asked one. No persona has it.
SOMEBODY_ELSE = 12025550199


def ten(reserved: tuple[int, ...], first: int) -> tuple[int, ...]:
    """Ten numbers in a row of one of the ranges above."""
    start = reserved.index(first)
    return reserved[start : start + 10]
