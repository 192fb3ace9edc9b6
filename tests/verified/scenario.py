"""Bring staging alone up, see it unchanged, and destroy it: the same on real accounts and in the sandbox."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import yaml

from tests.engine.sandboxes import project_copy
from tests.unit.program import EXAMPLE
from tests.verified.accounts import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.verified.accounts import Accounts, Holdings

STACK = "staging"


class LeftError(Exception):
    """Something that was made is still there. The message says what, and why it was not destroyed."""


def fresh_name() -> str:
    """Return the name that everything of one run gets."""
    return PREFIX + secrets.token_hex(3)


def project(folder: Path, accounts: Accounts, name: str) -> Path:
    """Make a copy of this repository whose staging is in the given accounts.

    Production's file stays, because it owns the bucket and the Pages project by name. Nobody brings it up.
    """
    made = project_copy(folder, EXAMPLE)
    (made / "Pulumi.dev.yaml").unlink()
    owner, repository = accounts.github.split("/")
    config: dict[str, Any] = {
        "tier": "staging",
        "manage": ["database", "backend", "delivery"],
        "flyOrganization": accounts.fly,
        "flyApp": name,
        "neonOrganizationId": accounts.neon,
        "neonProject": name,
        "githubEnvironment": name,
    }
    # Both stacks read these from Pulumi.yaml.
    shared = yaml.safe_load((made / "Pulumi.yaml").read_text(encoding="utf-8"))
    shared["config"]["githubOwner"]["default"] = owner
    shared["config"]["githubRepository"]["default"] = repository
    (made / "Pulumi.yaml").write_text(yaml.safe_dump(shared, sort_keys=False), encoding="utf-8")
    text = yaml.safe_dump({"config": {f"relay:{key}": value for key, value in config.items()}}, sort_keys=False)
    (made / f"Pulumi.{STACK}.yaml").write_text(text, encoding="utf-8")
    return made


def replay(pulumi: Callable[..., object], look: Callable[[], Holdings], name: str) -> None:
    """Bring the stack up, see it unchanged, and destroy it, whatever happened before.

    Args:
        pulumi: Runs the CLI with the given arguments for the stack; raises where it fails.
        look: Tells what the accounts hold.
        name: What everything of this run is called.

    Raises:
        LeftError: Something of this run is still there, or that could not be found out.
    """
    try:
        pulumi("up", "--yes", "--skip-preview")
        pulumi("preview", "--expect-no-changes")
        pulumi("preview", "--refresh", "--expect-no-changes")
    finally:
        _destroy(pulumi, look, name)


def _destroy(pulumi: Callable[..., object], look: Callable[[], Holdings], name: str) -> None:
    said = []
    steps = (
        ("config", "set", "unprotect", "true"),
        ("up", "--yes", "--skip-preview"),  # lifts retention, which no command on the state does
        ("state", "unprotect", "--all", "--yes"),  # where that `up` failed, too
        ("destroy", "--yes", "--skip-preview"),
    )
    for arguments in steps:
        try:
            pulumi(*arguments)
        except Exception as error:  # noqa: BLE001 -- what counts is what is left, and that it is told
            said.append(f"`pulumi {arguments[0]}` failed: {error}")
    try:
        left = [f"{kind} {one}" for kind, names in look().items() for one in names if one == name]
    except Exception as error:
        raise LeftError(
            f"Whether {name} is gone everywhere could not be looked at: {error}. {' '.join(said)}"
        ) from error
    if left:
        raise LeftError(f"Still there: {', '.join(left)}. {' '.join(said)}")
