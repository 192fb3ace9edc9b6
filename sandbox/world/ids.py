"""Make up identifiers in the shape of the real ones, and read the stand-ins' clock.

Identifiers come from the world's counters, so two runs of a scenario give the same ones.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import time

from sandbox.world.store import Transaction

_ADJECTIVES = ("quiet", "dawn", "royal", "bold", "misty", "green", "wispy", "calm", "super", "young")
_NOUNS = ("lake", "sun", "boat", "cloud", "frost", "meadow", "river", "wind", "field", "sea")


def hexes(tx: Transaction, name: str, length: int = 32) -> str:
    """Return the next hexadecimal identifier of a kind."""
    return digest(f"{name} {tx.number(name)}")[:length]


def digits(tx: Transaction, name: str, length: int) -> str:
    """Return the next decimal identifier of a kind; it does not start with a zero."""
    number = int(hexes(tx, name), 16)
    return str(10 ** (length - 1) + number % (9 * 10 ** (length - 1)))


def phrase(tx: Transaction, name: str, length: int = 8) -> str:
    """Return the next identifier such as `quiet-lake-12345678`."""
    number = tx.number(f"{name} words")
    words = f"{_ADJECTIVES[number % 10]}-{_NOUNS[number // 10 % 10]}"
    return f"{words}-{digits(tx, name, length)}"


def password(length: int) -> str:
    """Return random letters and digits, which need no escape in a URL."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def now() -> str:
    """Return the time in the services' form (RFC 3339, UTC, whole seconds)."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def digest(text: str) -> str:
    """Return the text's SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
