"""GitHub: a repository's environments, deployment policies, secrets and variables.

A repository stands under ("github", "repository", "owner/name") as {"id", "name", "owner", …} and is made by
the seed alone. Everything else hangs on it:
- "environment", key "owner/repo/env";
- "deployment-policy", key "owner/repo/env/number";
- "secret" and "variable", key "owner/repo/NAME" or, within an environment, "owner/repo/env/NAME".
A slash inside an environment's name is written %2F in keys.
"""

# ruff: noqa: PLR0917 -- owner, repository, environment and name say which, as in the API's own paths

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.clouds import ids
from sandbox.clouds.errors import CloudError

if TYPE_CHECKING:
    from sandbox.world import Document, Transaction


def repository(tx: Transaction, owner: str, name: str) -> Document:
    """Return a repository.

    Raises:
        CloudError: 404 where the token sees none.
    """
    found = tx.get("github", "repository", f"{owner}/{name}")
    if found is None:
        raise _missing()
    return found


def put_environment(tx: Transaction, owner: str, repo: str, name: str, body: Document) -> Document:
    """Make an environment, or overwrite one: protection the body does not name is taken away.

    Args:
        tx: The world.
        owner: Owner of the repository.
        repo: The repository's name.
        name: The environment's name.
        body: wait_timer in minutes, can_admins_bypass, prevent_self_review, reviewers [{teams, users}],
            deployment_branch_policy {protected_branches, custom_branch_policies}; all optional.

    Raises:
        CloudError: 404 without the repository, 422 for protection rules that cannot be.
    """
    repository(tx, owner, repo)
    policy = body.get("deployment_branch_policy")
    if policy and policy["protected_branches"] == policy["custom_branch_policies"]:
        raise CloudError(422, "protected_branches and custom_branch_policies cannot have the same value")
    reviewers = body.get("reviewers") or []
    if sum(len(group.get(kind) or []) for group in reviewers for kind in ("teams", "users")) > 6:
        raise CloudError(422, "an environment has at most 6 reviewers")
    document = {
        "name": name,
        "wait_timer": body.get("wait_timer") or 0,
        "can_admins_bypass": body.get("can_admins_bypass", True),
        "prevent_self_review": bool(body.get("prevent_self_review")),
        "reviewers": reviewers,
        "deployment_branch_policy": policy,
    }
    tx.put("github", "environment", _key(owner, repo, name), document)
    return document


def environment(tx: Transaction, owner: str, repo: str, name: str) -> Document:
    """Return an environment.

    Raises:
        CloudError: 404 where there is none.
    """
    repository(tx, owner, repo)
    found = tx.get("github", "environment", _key(owner, repo, name))
    if found is None:
        raise _missing()
    return found


def delete_environment(tx: Transaction, owner: str, repo: str, name: str) -> None:
    """Delete an environment with its secrets, variables and policies.

    Raises:
        CloudError: 404 where there is none.
    """
    environment(tx, owner, repo, name)
    key = _key(owner, repo, name)
    tx.delete("github", "environment", key)
    for kind in ("deployment-policy", "secret", "variable"):
        for within in tx.list("github", kind):
            if within.startswith(f"{key}/"):
                tx.delete("github", kind, within)


def create_policy(tx: Transaction, owner: str, repo: str, env: str, pattern: str, kind: str) -> Document:
    """Let an environment deploy from branches or tags (`kind`) that match a pattern.

    Raises:
        CloudError: 404 without the environment, 422 where it has no custom policies or has this one already.
    """
    if not (environment(tx, owner, repo, env)["deployment_branch_policy"] or {}).get("custom_branch_policies"):
        raise CloudError(422, f"environment {env} does not use custom branch policies")
    prefix = f"{_key(owner, repo, env)}/"
    for key, other in tx.list("github", "deployment-policy").items():
        if key.startswith(prefix) and (other["name"], other["type"]) == (pattern, kind):
            raise CloudError(422, f"a deployment policy for {kind} {pattern} already exists")
    document = {"id": int(ids.digits(tx, "github policy", 8)), "name": pattern, "type": kind}
    tx.put("github", "deployment-policy", f"{prefix}{document['id']}", document)
    return document


def policy(tx: Transaction, owner: str, repo: str, env: str, identity: int) -> Document:
    """Return a deployment policy.

    Raises:
        CloudError: 404 where there is none.
    """
    environment(tx, owner, repo, env)
    found = tx.get("github", "deployment-policy", _key(owner, repo, env, identity))
    if found is None:
        raise _missing()
    return found


def update_policy(tx: Transaction, owner: str, repo: str, env: str, identity: int, pattern: str) -> Document:
    """Give a deployment policy another pattern.

    Raises:
        CloudError: 404 where there is none.
    """
    found = policy(tx, owner, repo, env, identity)
    found["name"] = pattern
    tx.put("github", "deployment-policy", _key(owner, repo, env, identity), found)
    return found


def delete_policy(tx: Transaction, owner: str, repo: str, env: str, identity: int) -> None:
    """Delete a deployment policy.

    Raises:
        CloudError: 404 where there is none.
    """
    policy(tx, owner, repo, env, identity)
    tx.delete("github", "deployment-policy", _key(owner, repo, env, identity))


def put_secret(tx: Transaction, owner: str, repo: str, env: str | None, name: str, value: str) -> Document:
    """Set a secret of the repository, or of an environment: made or overwritten alike, its name upper-cased.

    Raises:
        CloudError: 404 without repository or environment, 422 for a name GitHub does not allow.
    """
    _refuse_bad_name(name)
    key = _item(tx, owner, repo, env, name.upper())
    old = tx.get("github", "secret", key) or {"created_at": ids.now()}
    # GitHub's clock ticks in seconds; the count tells two changes within one second apart.
    document = {
        **old,
        "name": name.upper(),
        "value": value,
        "updated_at": ids.now(),
        "version": tx.number("github secret"),
    }
    tx.put("github", "secret", key, document)
    return document


def create_variable(tx: Transaction, owner: str, repo: str, env: str | None, name: str, value: str) -> Document:
    """Make a variable of the repository, or of an environment. GitHub upper-cases its name.

    Raises:
        CloudError: 409 where it exists, 404 without repository or environment, 422 for a bad name.
    """
    _refuse_bad_name(name)
    key = _item(tx, owner, repo, env, name.upper())
    if tx.get("github", "variable", key) is not None:
        raise CloudError(409, "Already exists - Variable already exists")
    document = {"name": name.upper(), "value": value, "created_at": ids.now(), "updated_at": ids.now()}
    tx.put("github", "variable", key, document)
    return document


def update_variable(tx: Transaction, owner: str, repo: str, env: str | None, name: str, value: str) -> Document:
    """Give a variable another value.

    Raises:
        CloudError: 404 where there is none.
    """
    found = item(tx, "variable", owner, repo, env, name)
    found |= {"value": value, "updated_at": ids.now()}
    tx.put("github", "variable", _item(tx, owner, repo, env, name.upper()), found)
    return found


def item(tx: Transaction, kind: str, owner: str, repo: str, env: str | None, name: str) -> Document:
    """Return a "secret" or "variable"; GitHub never shows a secret's value, and callers must not either.

    Raises:
        CloudError: 404 where there is none.
    """
    found = tx.get("github", kind, _item(tx, owner, repo, env, name.upper()))
    if found is None:
        raise _missing()
    return found


def delete_item(tx: Transaction, kind: str, owner: str, repo: str, env: str | None, name: str) -> None:
    """Delete a "secret" or "variable".

    Raises:
        CloudError: 404 where there is none.
    """
    item(tx, kind, owner, repo, env, name)
    tx.delete("github", kind, _item(tx, owner, repo, env, name.upper()))


def _item(tx: Transaction, owner: str, repo: str, env: str | None, name: str) -> str:
    if env is None:
        repository(tx, owner, repo)
        return _key(owner, repo, name)
    environment(tx, owner, repo, env)
    return _key(owner, repo, env, name)


def _key(owner: str, *parts: object) -> str:
    return "/".join([owner, *(str(part).replace("/", "%2F") for part in parts)])


def valid_name(name: str) -> bool:
    """Tell whether GitHub takes the name for a secret or a variable."""
    return bool(re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)) and not name.upper().startswith("GITHUB_")


def _refuse_bad_name(name: str) -> None:
    if not valid_name(name):
        raise CloudError(
            422, f"name {name!r}: only letters, digits and _, no digit first, and not starting with GITHUB_"
        )


def _missing() -> CloudError:
    return CloudError(404, "Not Found")
