"""Made-up people: the profile behind a phone number, always the same one for the same number.

Addresses on the net are under example.com, which belongs to nobody. It must not know about tokens or prompts.
"""

import random
from typing import Any

PEOPLE = (
    ("Elsa", "Female"),
    ("Maja", "Female"),
    ("Priya", "Female"),
    ("Amina", "Female"),
    ("Grace", "Female"),
    ("Zoe", "Female"),
    ("Oskar", "Male"),
    ("Emil", "Male"),
    ("Arjun", "Male"),
    ("Daniel", "Male"),
    ("Kofi", "Male"),
    ("Liam", "Male"),
    ("Sam", "NotSet"),
    ("Robin", "NotSet"),
)
LAST_NAMES = ("Lindqvist", "Berg", "Sandberg", "Sharma", "Okafor", "Nguyen", "Walker", "Haddad", "Silva", "Novak")
COMPANIES = ("Northwind Books", "Harbour Bakery", "Blue Fern Studio", "Lantern Travel", "Oak and Iron")
JOBS = ("Baker", "Editor", "Teacher", "Gardener", "Engineer", "Nurse")

# Calling code -> (country, city, zipcode). The longest code that a number starts with counts.
PLACES = {
    "1": ("US", "Washington", "20001"),
    "44": ("GB", "Leeds", "LS1 4AP"),
    "46": ("SE", "Stockholm", "111 29"),
    "49": ("DE", "Bremen", "28195"),
    "61": ("AU", "Adelaide", "5000"),
    "91": ("IN", "Bengaluru", "560001"),
    "234": ("NG", "Lagos", "100001"),
}
ELSEWHERE = (None, None, None)


def profile(owner: int, shown: int) -> dict[str, Any]:
    """The profile of `owner`'s person in Truecaller's shape, with `shown` as its one phone number (an integer)."""
    chance = random.Random(owner)  # noqa: S311  the same person every time is the point
    first, gender = chance.choice(PEOPLE)
    last = chance.choice(LAST_NAMES)
    handle = f"{first}.{last}".lower()
    country, city, zipcode = _place(owner)
    created = 1_500_000_000_000 + chance.randrange(200_000_000_000)
    return {
        "id": f"{chance.getrandbits(96):024x}",
        "userId": chance.randrange(10**9, 10**10),
        "type": "Personal",
        "phoneNumbers": [shown],
        "name": {"first": first, "last": last},
        "gender": gender,
        "addresses": [
            {
                "countryCode": country,
                "city": city,
                "street": f"{chance.randrange(1, 120)} Harbour Street",
                "zipcode": zipcode,
            }
        ],
        "onlineIdentities": {
            "facebookId": str(chance.randrange(10**14, 10**15)),
            "twitterId": handle.replace(".", "_"),
            "email": f"{handle}@example.com",
            "url": f"https://{handle.replace('.', '-')}.example.com",
        },
        "companyName": chance.choice(COMPANIES),
        "jobTitle": chance.choice(JOBS),
        "aboutMe": "A made-up person of the sandbox.",
        "avatarUrl": f"https://images.example.com/{handle}.jpg",
        "badges": ["user"],
        "isActive": "True",
        "createdTime": created,
        "history": {"name": {"updateTime": created}},
    }


def partial(owner: int, shown: int) -> dict[str, Any]:
    """The same person's, with everything left out or null that Truecaller may leave out."""
    whole = profile(owner, shown)
    name = {"first": whole["name"]["first"], "last": None}
    return {"phoneNumbers": whole["phoneNumbers"], "name": name, "addresses": [], "onlineIdentities": None}


def _place(number: int) -> tuple[str | None, str | None, str | None]:
    digits = str(number)
    return next((PLACES[digits[:length]] for length in (3, 2, 1) if digits[:length] in PLACES), ELSEWHERE)
