"""Keep GitHub's rules for a repository's environments, deployment policies, secrets and variables.

The seed makes repositories, under ("github", "repository", "owner/name") as {"id", "name", "owner", …}.
{"archived": true} makes it read-only, {"saml": true} shuts out a token without single sign-on, {"busy": true} one
that asked too often, and {"billing": "free"} is a private repository without reviewers and wait timers.
Everything else belongs to a repository:

- "environment", key "owner/repo/env";
- "deployment-policy", key "owner/repo/env/number";
- "secret" and "variable", key "owner/repo/NAME" or, within an environment, "owner/repo/env/NAME".

Functions take a key's parts as a path.

Seen: what the provider sends, and how it reads the answers (integrations/github 6.13.0).
Documented: the PUT of an environment, names of secrets and variables in upper case.
Reported: the refusals of archived repositories, rates, single sign-on and plans; 409 for a variable that exists.
Believed: The text with which GitHub refuses a deployment policy twice.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.world import ids
from sandbox.world.errors import CloudError
from sandbox.world.store import Document, Transaction

_REFUSALS = {
    "saml": "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to "
    "this organization.",
    "busy": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
}


def get(tx: Transaction, kind: str, *path: object) -> Document:
    """Return the document under a path. A caller must not show a secret's value: GitHub never does.

    Raises:
        CloudError: 404 where the token sees none, 403 where the repository refuses the token.
    """
    repository = tx.get("github", "repository", _key("repository", *path[:2])) or {}
    for refused in _REFUSALS.keys() & repository.keys():
        raise CloudError(403, _REFUSALS[refused])
    found = tx.get("github", kind, _key(kind, *path))
    if found is None:
        raise CloudError(404, "Not Found")
    return found


def delete(tx: Transaction, kind: str, *path: object) -> None:
    """Delete the document under a path, and, with an environment, everything in it.

    Raises:
        CloudError: 404 where it does not exist.
    """
    _writable(tx, *path)
    get(tx, kind, *path)
    key = _key(kind, *path)
    tx.delete("github", kind, key)
    for part in ("deployment-policy", "secret", "variable") if kind == "environment" else ():
        for within in tx.list("github", part):
            if within.startswith(f"{key}/"):
                tx.delete("github", part, within)


def put_environment(tx: Transaction, owner: str, repo: str, name: str, **body: Any) -> Document:
    """Make or overwrite an environment. GitHub removes protection that the body does not name.

    Args:
        tx: The world.
        owner: Owner of the repository.
        repo: The repository's name.
        name: The environment's name.
        body: wait_timer in minutes, can_admins_bypass, prevent_self_review, reviewers [{teams, users}],
            deployment_branch_policy {protected_branches, custom_branch_policies}; all optional.

    Raises:
        CloudError: 404 without the repository, 422 for rules that the plan does not have.
    """
    rules = [rule for rule in ("reviewers", "wait_timer") if body.get(rule)]
    if _writable(tx, owner, repo).get("billing") == "free" and rules:
        message = "Failed to create the environment protection rule. Please ensure the billing plan supports the"
        raise CloudError(422, f"{message} {rules[0].replace('_', ' ')} protection rule.")
    document = {
        "name": name,
        "wait_timer": body.get("wait_timer") or 0,
        "can_admins_bypass": body.get("can_admins_bypass", True),
        "prevent_self_review": bool(body.get("prevent_self_review")),
        "reviewers": body.get("reviewers") or [],
        "deployment_branch_policy": body.get("deployment_branch_policy"),
    }
    tx.put("github", "environment", _key("environment", owner, repo, name), document)
    return document


def create_policy(tx: Transaction, *environment: str, pattern: str, kind: str) -> Document:
    """Let an environment deploy from branches or tags (`kind`) that match a pattern.

    Raises:
        CloudError: 404 without the environment, 422 where it already has this policy.
    """
    _writable(tx, *environment)
    if any((other["name"], other["type"]) == (pattern, kind) for other in policies(tx, *environment)):
        raise CloudError(422, f"a deployment policy for {kind} {pattern} already exists")
    document = {"id": int(ids.digits(tx, "github policy", 8)), "name": pattern, "type": kind}
    tx.put("github", "deployment-policy", _key("deployment-policy", *environment, document["id"]), document)
    return document


def policies(tx: Transaction, *environment: str) -> list[Document]:
    """Return an environment's deployment policies.

    Raises:
        CloudError: 404 without the environment.
    """
    get(tx, "environment", *environment)
    prefix = _key("environment", *environment) + "/"
    return [found for key, found in tx.list("github", "deployment-policy").items() if key.startswith(prefix)]


def update_policy(tx: Transaction, *path: object, pattern: str) -> Document:
    """Change the pattern of a deployment policy.

    Raises:
        CloudError: 404 where it does not exist.
    """
    _writable(tx, *path)
    found = {**get(tx, "deployment-policy", *path), "name": pattern}
    tx.put("github", "deployment-policy", _key("deployment-policy", *path), found)
    return found


def put_item(tx: Transaction, kind: str, *path: str, value: str, new: bool = False) -> Document:
    """Set a "secret" or "variable" of the repository or of an environment; GitHub upper-cases its name.

    Args:
        tx: The world.
        kind: "secret" or "variable".
        path: Owner, repository, perhaps environment, and name.
        value: Its value.
        new: Refuse an existing item, as the API does for variables.

    Raises:
        CloudError: 404 without repository or environment, 409 where it exists.
    """
    *place, name = path
    _writable(tx, *path)
    get(tx, "environment" if len(place) > 2 else "repository", *place)
    key = _key(kind, *path)
    old = tx.get("github", kind, key)
    if old and new:
        raise CloudError(409, f"Already exists - {kind.capitalize()} already exists")
    dates = {"created_at": (old or {}).get("created_at", ids.now()), "updated_at": ids.now()}
    # GitHub's dates have whole seconds; this number distinguishes two changes within one second.
    document = {"name": name.upper(), "value": value, **dates, "version": tx.number("github item")}
    tx.put("github", kind, key, document)
    return document


def _writable(tx: Transaction, *path: object) -> Document:
    """Return the repository of a path, unless it is archived."""
    repository = get(tx, "repository", *path[:2])
    if repository.get("archived"):
        raise CloudError(403, "Repository was archived so is read-only.")
    return repository


def valid_name(name: str) -> bool:
    """Return whether GitHub accepts the name of a secret or a variable."""
    return bool(re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)) and not name.upper().startswith("GITHUB_")


def _key(kind: str, *path: object) -> str:
    *place, name = map(str, path)
    return "/".join([*place, name.upper() if kind in {"secret", "variable"} else name])
