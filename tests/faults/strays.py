"""List a world's strays as `bin/strays` does, without a process, and check that list."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from infra import kinds
from infra.config.load import examine_files
from infra.config.stack_files import read_stack_files
from ops import inventory
from ops.access import Access, ask_all
from ops.strays import lists
from sandbox.credentials import ENVIRONMENT
from sandbox.http import face
from tests.engine.clouds import objects

if TYPE_CHECKING:
    from tests.engine.sandboxes import Sandbox

_LISTED = (
    *("neon project", "cloudflare bucket", "cloudflare pages", "cloudflare token", "fly app"),
    "github environment",
)
_WITHIN = ("github deployment-policy", "github variable", "github secret")
_PARTS = 5
_NAME_IS_ID = {"R2 bucket", "Pages project"}


def listed(sandbox: Sandbox) -> set[tuple[str, str]]:
    """Return the strays of a world, by kind and name.

    Raises:
        AssertionError: A list lacks something that exists, or a stack's own resource is a stray.
    """
    files = read_stack_files(sandbox.folder / "mirror")
    settings = [examine_files(stack, files)[0] for stack in files.stacks]
    states = {
        path.stem: json.loads(path.read_text())["checkpoint"].get("latest") or {}
        for path in (sandbox.folder / "state" / ".pulumi" / "stacks").glob("*/*.json")
    }
    there = objects(sandbox)
    calls = len(sandbox.world.calls())
    with pytest.MonkeyPatch.context() as patch:
        address = f"http://127.0.0.1:{face.serve(sandbox.world)}"
        patch.setenv("CLOUDFLARE_BASE_URL", f"{address}/client/v4")
        patch.setenv("NEON_API_URL", f"{address}/api/v2")
        patch.setenv("GITHUB_API_URL", address)
        for variable, value in ENVIRONMENT.items():
            patch.setenv(variable, value)
        apps = dict.fromkeys(there["fly app"], True)
        patch.setattr(lists, "Flyctl", lambda: SimpleNamespace(apps_list=lambda _organization: apps))
        owners = inventory.of(states)
        found, unanswered = ask_all(lists.listings(Access({}), settings, owners))
    found += [
        lists.Found(kinds.FLY_APP, name, name) for name in apps if not any(s.manages("backend") for s in settings)
    ]
    assert not unanswered
    assert len(sandbox.world.calls()) > calls
    environments = {key for key in there["github environment"] if owners.owner(kinds.ENVIRONMENT, _imported(key))}
    exist = sum(len(there[kind]) for kind in _LISTED)
    exist += sum(key.rpartition("/")[0] in environments for kind in _WITHIN for key in there[kind])
    managed = {part for one in settings for part in one.manage}
    if len(managed) == _PARTS and all(one.github_scope == "environment" for one in settings):
        listed_ = {(item.kind.type, item.key) for item in found if item.kind != kinds.NEON_BRANCH}
        assert len(listed_) == exist, "a list lacks something, or has more"
    strays = [item for item in found if not owners.owner(item.kind, item.key)]
    # By the ids in the states, not by the keys that the tool derives.
    own = {
        (resource["type"], resource.get("id")) for state in states.values() for resource in state.get("resources", [])
    }
    for item in strays:
        names = {item.key, item.name} if item.kind.title in _NAME_IS_ID else {item.key}
        assert not own & {(item.kind.type, name) for name in names}, f"a stack has {item.kind.title} {item.name}"
    return {(item.kind.title, item.name) for item in strays}


def _imported(key: str) -> str:
    """Return an environment's import id, from its key in the world."""
    _, repository, environment = key.split("/")
    return f"{repository}:{environment}"
