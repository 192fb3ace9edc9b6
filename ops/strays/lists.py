"""List the resources in the configured accounts, by cloud and kind."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from infra import kinds
from infra.clouds import cloudflare, github, neon
from infra.clouds.http import MissingError
from infra.config.stack_files import PULL_REQUEST
from infra.providers.fly.flyctl import Flyctl
from ops.costs import FLY_MACHINE, R2_STORED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from infra.config.settings import Settings
    from infra.kinds import Kind
    from ops.access import Access
    from ops.inventory import Inventory


class Found(NamedTuple):
    """A resource that exists.

    Attributes:
        kind: Its kind.
        key: Its key in an `Inventory`.
        name: Its name, for the report.
        made: When it was made, in ISO 8601; empty if its service does not tell.
        cost: US dollars a month; None if that is unknown.
    """

    kind: Kind
    key: str
    name: str
    made: str = ""
    cost: float | None = None


def listings(
    access: Access, stacks: Sequence[Settings], inventory: Inventory
) -> dict[str, Callable[[], Iterable[Found]]]:
    """Return the functions that ask for the lists, by the list's name. An account has a list of each kind."""
    asked: dict[str, Callable[[], Iterable[Found]]] = {}
    for organization in sorted({s.neon_organization_id or "" for s in stacks}):
        asked[f"Neon projects {organization}".strip()] = partial(_projects, access, organization)
    for project in sorted(key for type_, key in inventory.owners if type_ == kinds.NEON_PROJECT.type):
        asked[f"branches of Neon project {project}"] = partial(branches, access, project)
    for account in sorted({s.cloudflare_account_id for s in stacks if {"storage", "frontend"} & s.manage}):
        asked[f"R2 buckets of {account}"] = partial(_buckets, access, account)
        asked[f"Pages projects of {account}"] = partial(_pages, access, account)
        asked[f"tokens of {account}"] = partial(_tokens, access, account)
    for organization in sorted({s.fly_organization for s in stacks if s.manages("backend")}):
        asked[f"Fly apps of {organization}"] = partial(apps, organization)
    for owner, repository, scope in sorted(
        {(s.github_owner, s.github_repository, s.github_scope) for s in stacks if s.manages("delivery")}
    ):
        # A token for environments may not read the repository's own variables and secrets.
        of = f"environments of {owner}" if scope == "environment" else f"variables and secrets of {owner}"
        ask = partial(_environments, inventory) if scope == "environment" else _of_repository
        asked[f"GitHub {of}/{repository}"] = partial(ask, access, owner, repository)
    return asked


def _projects(access: Access, organization: str) -> Iterator[Found]:
    client = access.client("Neon")
    with client.documented():
        for project in neon.projects(client, organization or None):
            yield Found(kinds.NEON_PROJECT, project["id"], project["name"], project.get("created_at") or "")


def branches(access: Access, project: str) -> Iterator[Found]:
    """Yield the branches of a Neon project with a pull request's name; none if the project is missing."""
    client = access.client("Neon")
    with client.documented(), suppress(MissingError):
        for branch in neon.branches(client, project):
            if re.fullmatch(PULL_REQUEST, branch["name"]) and not branch.get("protected"):
                yield Found(kinds.NEON_BRANCH, branch["id"], branch["name"], branch.get("created_at") or "", 0.0)


def _buckets(access: Access, account: str) -> Iterator[Found]:
    client = access.client("Cloudflare")
    with client.documented():
        for jurisdiction in cloudflare.JURISDICTIONS:
            for bucket in cloudflare.buckets(client, account, jurisdiction):
                inputs = {"accountId": account, "name": bucket["name"], "jurisdiction": jurisdiction}
                made = bucket.get("creation_date") or ""
                yield Found(kinds.BUCKET, kinds.BUCKET.import_id(inputs), bucket["name"], made, R2_STORED)


def _pages(access: Access, account: str) -> Iterator[Found]:
    client = access.client("Cloudflare")
    with client.documented():
        for project in client.items(f"accounts/{account}/pages/projects", "result", size=10):
            name = project["name"]
            key = kinds.PAGES_PROJECT.import_id({"accountId": account, "name": name})
            yield Found(kinds.PAGES_PROJECT, key, name, project.get("created_on") or "", 0.0)


def _tokens(access: Access, account: str) -> Iterator[Found]:
    client = access.client("Cloudflare")
    with client.documented():
        for token in client.items(f"accounts/{account}/tokens", "result", size=50):
            yield Found(kinds.ACCOUNT_TOKEN, token["id"], token["name"], token.get("issued_on") or "", 0.0)


def apps(organization: str) -> Iterator[Found]:
    """Yield an organization's apps, without dates, which flyctl does not tell."""
    for name, deployed in Flyctl().apps_list(organization).items():
        yield Found(kinds.FLY_APP, name, name, cost=FLY_MACHINE if deployed else 0.0)


def _environments(inventory: Inventory, access: Access, owner: str, repository: str) -> Iterator[Found]:
    """Yield a repository's environments, and the policies, variables and secrets of those that a stack has.

    The contents of a stray environment are strays with it, so this does not list them.
    """
    client, full = access.client("GitHub"), f"{owner}/{repository}"
    own = []
    with client.documented():
        for item in github.environments(client, full):
            name = item["name"]
            key = kinds.ENVIRONMENT.import_id({"repository": repository, "environment": name})
            if inventory.owner(kinds.ENVIRONMENT, key):
                own.append(name)
            yield Found(kinds.ENVIRONMENT, key, name, item.get("created_at") or "", 0.0)
        with ThreadPoolExecutor(16) as pool:
            for within in pool.map(partial(_within, access, full, repository), own):
                yield from within


def _within(access: Access, full: str, repository: str, environment: str) -> list[Found]:
    client, inputs = access.client("GitHub"), {"repository": repository, "environment": environment}
    found = [
        *_items(kinds.ENVIRONMENT_VARIABLE, inputs, github.variables(client, full, environment)),
        *_items(kinds.ENVIRONMENT_SECRET, inputs, github.secrets(client, full, environment)),
    ]
    for policy in github.policies(client, full, environment):
        key = kinds.DEPLOYMENT_POLICY.import_id(inputs, str(policy["id"]))
        found.append(Found(kinds.DEPLOYMENT_POLICY, key, f"{environment}: {policy['name']}", cost=0.0))
    return found


def _of_repository(access: Access, owner: str, repository: str) -> Iterator[Found]:
    client, full, inputs = access.client("GitHub"), f"{owner}/{repository}", {"repository": repository}
    with client.documented():
        yield from _items(kinds.VARIABLE, inputs, github.variables(client, full))
        yield from _items(kinds.SECRET, inputs, github.secrets(client, full))


def _items(kind: Kind, inputs: dict[str, str], items: Iterable[dict[str, Any]]) -> Iterator[Found]:
    """Yield variables or secrets, each named after its environment."""
    place = f"{inputs['environment']}: " if "environment" in inputs else ""
    for item in items:
        key = kind.import_id({**inputs, kind.name: item["name"]})
        yield Found(kind, key, place + item["name"], item.get("created_at") or "", 0.0)
