"""Check names before flyctl gets them. flyctl checks none, and would take a word that begins with `-` for an option.

The configuration uses the same rules, so every preview loads this module: it imports next to nothing.
"""

import re
from typing import NamedTuple


class Rule(NamedTuple):
    """The form of a name.

    Attributes:
        pattern: A regular expression for the whole name.
        text: The same in words.
    """

    pattern: str
    text: str

    def problem(self, name: str) -> str | None:
        """Return the problem of a name, or None."""
        return None if re.fullmatch(self.pattern, name) else f"{name!r}: {self.text}"


APP = Rule(
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "a Fly app name has 1 to 63 lower-case letters, digits and inner hyphens"
)
# An app's name is a label of its host, so both have one rule.
HOST = Rule(rf"({APP.pattern}\.)+[a-z][a-z0-9-]*", "a host is lower case, with neither scheme nor slash")
ORGANIZATION = Rule(r"[a-z0-9][a-z0-9-]*", "an organization's slug has lower-case letters, digits and hyphens")
SECRET = Rule(r"[A-Za-z_][A-Za-z0-9_]*", "a secret's name has letters, digits and underscores, and no digit first")
PREFIX = Rule(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", "it is at most 100 letters, digits, dots, underscores and hyphens")
TOKEN = Rule(r"[A-Za-z0-9][A-Za-z0-9._-]*", "a token's name or id has letters, digits, dots, underscores and hyphens")
