"""What live stacks must not share, compared by their outputs: a database, and the key that encrypts OAuth sessions."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = "unknown"
"""What a stack exports as the fingerprint of a key that is kept (`infra.parts.keys`)."""


class Comparison(NamedTuple):
    """What came of it.

    Attributes:
        wrong: A sentence for each thing that stacks share and must not.
        unknown: A sentence for each thing that could not be compared.
    """

    wrong: list[str]
    unknown: list[str]


def compare(outputs: Mapping[str, Mapping[str, Any]]) -> Comparison:
    """Compare the outputs of live stacks, by the stacks' names."""
    wrong = [
        f"{stacks} use one database, {host}: give each stack a Neon project of its own"
        for host, stacks in _shared(outputs, "databaseHost")
    ]
    wrong += [
        f"{stacks} have the same OAUTH_ENCRYPTION_KEY (fingerprint {fingerprint}): a session of one opens in the other"
        for fingerprint, stacks in _shared(outputs, "oauthKeyFingerprint")
    ]
    unknown = []
    for stack, found in outputs.items():
        for output, secret in (("databaseHost", "DATABASE_URL"), ("oauthKeyFingerprint", "OAUTH_ENCRYPTION_KEY")):
            if "flyApp" in found and found.get(output, UNKNOWN) == UNKNOWN:
                unknown.append(
                    f"{stack} keeps the {secret} of Fly app {found['flyApp']}, which nobody can read: whether another "
                    "stack has the same is unknown"
                )
    return Comparison(wrong, unknown)


def _shared(outputs: Mapping[str, Mapping[str, Any]], name: str) -> list[tuple[str, str]]:
    """Return each value of an output that several stacks have, with these stacks, `a and b`."""
    values = sorted(
        (str(found[name]), stack) for stack, found in outputs.items() if found.get(name, UNKNOWN) != UNKNOWN
    )
    groups = [(value, [stack for _, stack in pairs]) for value, pairs in groupby(values, key=lambda pair: pair[0])]
    return [(value, " and ".join(stacks)) for value, stacks in groups if len(stacks) > 1]
