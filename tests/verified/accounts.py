"""Read which throw-away accounts a test on real accounts may use, list what they hold, and refuse all others."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from infra.clouds import github, neon
from infra.clouds.http import CloudError
from infra.providers.fly.process import TOKEN_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VARIABLE = "VERIFIED_ACCOUNTS"
PREFIX = "relay-verified-"
"""Every name that these tests give begins with this."""

_FORM = f'{VARIABLE}="fly=ORGANIZATION neon=org-… github=OWNER/REPOSITORY"'
_CREDENTIALS = {"Fly.io": TOKEN_VARIABLES, "Neon": ("NEON_API_KEY",), "GitHub": ("GITHUB_TOKEN",)}
# One page of each list. An account that holds more is not one to throw away.
_PAGE = 100
_TIMEOUT = 60


class NotAllowedError(Exception):
    """Nothing was made. The message says what is missing, or what the accounts hold that is not of these tests."""


class Accounts(NamedTuple):
    """Where things may be made: a Fly organization, a Neon organization, and a GitHub repository `owner/name`."""

    fly: str
    neon: str
    github: str


Holdings = dict[str, list[str]]
"""Names of what is there: Fly apps, Neon projects, GitHub environments."""


def named(environment: Mapping[str, str]) -> Accounts:
    """Return the accounts that the environment names, with a credential for each.

    Raises:
        NotAllowedError: None are named, or not all three, or a credential or the passphrase is not set.
    """
    words = environment.get(VARIABLE, "").split()
    found = dict(word.split("=", 1) for word in words if "=" in word)
    whole = len(words) == len(found) and found.keys() == set(Accounts._fields) and all(found.values())
    if not whole or found["github"].count("/") != 1:
        raise NotAllowedError(f"Name accounts that may be thrown away, and hold nothing: {_FORM}.")
    missing = [
        f"{service}: {variables[-1]}"
        for service, variables in _CREDENTIALS.items()
        if not any(environment.get(variable) for variable in variables)
    ]
    missing += [] if environment.get("PULUMI_CONFIG_PASSPHRASE") else ["a passphrase: PULUMI_CONFIG_PASSPHRASE"]
    if missing:
        raise NotAllowedError(f"Not set, for {'; for '.join(missing)}.")
    return Accounts(**found)


def allowed(accounts: Accounts, look: Callable[[], Holdings]) -> None:
    """Make sure that the accounts hold nothing but what these tests made before.

    Raises:
        NotAllowedError: They hold something else, or could not be looked at.
    """
    try:
        found = look()
    except CloudError as error:
        raise NotAllowedError(f"What {', '.join(accounts)} hold could not be looked at: {error}.") from None
    foreign = {kind: [name for name in names if not name.startswith(PREFIX)] for kind, names in found.items()}
    told = [f"{kind} {', '.join(names)}" for kind, names in foreign.items() if names]
    full = [kind for kind, names in found.items() if len(names) >= _PAGE]
    if told or full:
        told += [f"{_PAGE} or more of {kind}" for kind in full]
        raise NotAllowedError(
            f"{', '.join(accounts)} hold what these tests did not make ({'; '.join(told)}). "
            "They run only in accounts of their own: name others."
        )


def holdings(accounts: Accounts) -> Holdings:
    """Return what the accounts hold, asked of the services themselves.

    Raises:
        CloudError: One could not be asked, or refused the credential.
    """
    asked = neon.client(os.environ["NEON_API_KEY"])
    projects = neon.projects(asked, accounts.neon)
    environments = github.environments(github.client(os.environ["GITHUB_TOKEN"]), accounts.github)
    with asked.documented():
        return {
            "Fly app": [str(app["Name"]) for app in _apps(accounts.fly)],
            "Neon project": [str(project["name"]) for project in projects],
            "GitHub environment": [str(environment["name"]) for environment in environments],
        }


def _apps(organization: str) -> list[dict[str, object]]:
    command = ["flyctl", "apps", "list", "--org", organization, "--json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT)
        found: list[dict[str, object]] = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        raise CloudError(f"`{' '.join(command)}` did not answer with a list") from None
    return found
