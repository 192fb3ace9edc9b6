"""Decide which resources are strays, and render them."""

from __future__ import annotations

import json
from datetime import datetime
from textwrap import fill
from typing import TYPE_CHECKING, NamedTuple

from infra import application
from infra.config.stack_files import TEMPLATE
from ops.terminal import WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from infra.config.settings import Settings
    from ops.inventory import Inventory
    from ops.strays.lists import Found

_NOT_SEEN = (
    "Not listed: contents of apps, databases, buckets and Pages projects (secrets, tokens, volumes, branches, objects, "
    "domains), DNS records, and kinds that this program does not make."
)
# The prefix of names in the scenario on throw-away accounts (tests/verified/accounts.py).
_VERIFIED = "relay-verified"


class Stray(NamedTuple):
    """A resource that no stack's state has.

    Attributes:
        found: The resource.
        days: Its age in days; None if its service does not tell.
        ours: Whether its name is one of this project's.
    """

    found: Found
    days: int | None
    ours: bool

    def lines(self) -> tuple[str, ...]:
        """Return the description: kind and name, then age, cost and owner, then the id."""
        found = self.found
        age = "of unknown age" if self.days is None else f"{self.days} day{'s' * (self.days != 1)} old"
        cost = "of unknown cost" if found.cost is None else f"${found.cost:.2f} a month"
        whose = "a name of this project" if self.ours else "not a name of this project"
        return (f"{found.kind.title} {found.name}", f"{age}, {cost}, {whose}", f"id {found.key}")


def strays(found: Iterable[Found], inventory: Inventory, names: Iterable[str], now: datetime) -> list[Stray]:
    """Return the resources that no state has: names of this project first, then the oldest.

    Args:
        found: The existing resources.
        inventory: The states of all stacks.
        names: The names of this project's resources.
        now: The present time, with its zone.
    """
    names = {*names}
    lost = [
        Stray(item, _days(item.made, now), _is_ours(item.name, names))
        for item in found
        if not inventory.owner(item.kind, item.key)
    ]
    return sorted(lost, key=lambda stray: (not stray.ours, -(stray.days or 0), stray.found.kind.title, stray.found.key))


def own_names(project: str, stacks: Iterable[Settings]) -> set[str]:
    """Return the names that a project's stacks give. An item of a GitHub environment is named after it."""
    names = {project, _VERIFIED, TEMPLATE}
    for s in stacks:
        names |= {s.neon_project, s.bucket, *s.extra_buckets, s.pages_project, s.github_environment_name}
        names |= {s.fly_app, *s.apps} if s.fly_app else set()
        items = {*application.github_variables(s), *application.github_secrets(s)}
        items = {s.github_name(item) for item in items | s.github_variables.keys() | s.github_secrets.keys()}
        place = f"{s.github_environment_name}: " if s.github_scope == "environment" else ""
        names |= {f"{place}{item}" for item in (*items, s.main_branch, s.release_tags)}
    return names


def render(found: Sequence[Stray], unanswered: Mapping[str, str], form: str) -> str:
    """Return the strays as `text`, `markdown` or `json`. The first two also say which lists could not be read."""
    if form == "json":
        rows = [
            {
                "type": item.kind.type,
                "title": item.kind.title,
                "name": item.name,
                "id": item.key,
                "made": item.made or None,
                "days": days,
                "monthly": item.cost,
                "ours": ours,
            }
            for item, days, ours in found
        ]
        return json.dumps(rows, indent=2) + "\n"
    begin, between = ("- ", "; ") if form == "markdown" else ("", "\n  ")
    lines = [begin + between.join(stray.lines()) for stray in found]
    lines += [] if found else ["No strays: every listed resource belongs to a stack."]
    lines += ["", *(f"Not checked: {name}. {problem}" for name, problem in unanswered.items()), _NOT_SEEN]
    if form == "text":
        lines = [
            fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
            for text in lines
            for line in text.split("\n")
        ]
    return "\n".join(lines) + "\n"


def _days(made: str, now: datetime) -> int | None:
    try:
        then = datetime.fromisoformat(made)
    except ValueError:
        return None
    return (now - (then if then.tzinfo else then.replace(tzinfo=now.tzinfo))).days


def _is_ours(name: str, names: set[str]) -> bool:
    """Tell whether a name is one of these names, or one of them with a suffix."""
    return any(name == own or name.startswith((f"{own}-", f"{own} (pulumi")) for own in names)
