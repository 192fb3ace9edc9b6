"""Read what an update did: its counts, everything in every cloud, and where a secret stands in clear."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.engine.sandboxes import Sandbox

_KINDS = {
    "fly": ("app", "secret", "token"),
    "neon": ("project",),
    "cloudflare": ("pages", "bucket", "token"),
    "github": ("environment", "deployment-policy", "secret", "variable"),
}


def summary(stdout: str) -> dict[str, int]:
    """Return the counts at the end of an update: created, updated, replaced, deleted, imported, unchanged."""
    tail = stdout.rsplit("Resources:", 1)[1]
    return {word: int(count) for count, word in re.findall(r"(\d+) (\w+)$", tail, re.MULTILINE) if word != "changes"}


def up(sandbox: Sandbox, stack: str, *flags: str) -> dict[str, int]:
    """Bring a stack up and return the counts."""
    return summary(sandbox.up(stack, *flags))


def objects(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return everything in every cloud."""
    with sandbox.world.transaction() as tx:
        return {f"{cloud} {kind}": tx.list(cloud, kind) for cloud, kinds in _KINDS.items() for kind in kinds}


def secrets(sandbox: Sandbox, app: str) -> dict[str, str]:
    """Return the values of an app's secrets by name."""
    found = objects(sandbox)["fly secret"]
    return {key.removeprefix(f"{app}/"): one["value"] for key, one in found.items() if key.startswith(f"{app}/")}


def project_id(sandbox: Sandbox, name: str) -> str:
    """Return the id of the only Neon project of this name."""
    (identity,) = [key for key, one in objects(sandbox)["neon project"].items() if one["name"] == name]
    return identity


def put(sandbox: Sandbox, cloud: str, kind: str, key: str, **changes: Any) -> None:
    """Change or make an object of a cloud by hand."""
    with sandbox.world.transaction() as tx:
        tx.put(cloud, kind, key, (tx.get(cloud, kind, key) or {}) | changes)


def secret_values(sandbox: Sandbox) -> set[str]:
    """Return every secret value that a cloud was given or made."""
    clouds = objects(sandbox)
    values = {secret["value"] for secret in clouds["fly secret"].values()}
    values |= {project["password"] for project in clouds["neon project"].values()}
    values |= {token["value"] for token in clouds["cloudflare token"].values()}
    values -= clouds["cloudflare token"].keys()  # an access key id: an id, not a secret
    # Short and public ones ("true", URLs) are secrets on Fly by their place alone.
    values = {value for value in values if len(value) > 12 and not value.startswith(("https://", "app.", "^"))}
    # A key has two spellings in base64; the same value may stand in a state as the other one.
    return values | {value.translate(str.maketrans("-_", "+/")) for value in values}


def assert_encrypted(sandbox: Sandbox, stack: str, values: set[str]) -> None:
    """See that a state holds secrets, and none of them plain."""
    state, shown = json.dumps(sandbox.state(stack)), json.dumps(sandbox.state(stack, show_secrets=True))
    seen = [value for value in values if value in shown]
    assert seen, "the state with secrets shown holds none: the test looks for the wrong values"
    assert not [value for value in values if value in state]
