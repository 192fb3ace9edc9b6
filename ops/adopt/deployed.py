"""Look for the existing Fly apps of a stack, and for the GitHub environment and variables that deploy them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra import application, kinds
from infra.clouds import github
from infra.clouds.http import Client, MissingError
from infra.providers.fly.errors import AppNotFoundError
from infra.providers.fly.flyctl import Flyctl
from ops.adopt.rows import Look, Row, absent, differing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.config.settings import Settings
    from infra.kinds import Kind


def backend(look: Look) -> Iterator[Row]:
    """Yield the findings of each Fly app.

    Raises:
        FlyError: Fly.io gave no usable answer.
    """
    yield from _app(look, str(look.settings.fly_app))
    for name in sorted(look.settings.apps):
        yield from _app(look, name)


def _app(look: Look, name: str) -> Iterator[Row]:
    settings, kind = look.settings, kinds.FLY_APP
    resource, adopted = f"Fly app {name}", name in {settings.adopt.fly_app, *settings.adopt.apps}
    flyctl = Flyctl()
    try:
        app = flyctl.status(name)
        there = (look.line(kind, name),)
        if look.inventory.owner(kind, name):
            yield Row(resource, there)
            return
        secrets = sorted(flyctl.secrets_list(name))
        organizations = flyctl.orgs_list()
        empty = not (app.deployed or secrets or flyctl.machine_list(name) or flyctl.volumes_list(name))
    except AppNotFoundError:
        yield absent(resource, adopted=adopted)
        return
    if empty and not adopted:
        yield Row(resource, there, notes=("it is empty: `up` takes it over without a setting",))
        return
    foreign = settings.fly_organization not in app.organizations
    if foreign and settings.fly_organization in organizations:
        problem = f"it is in organization {app.organizations[0]}, not in {settings.fly_organization}"
        yield Row(resource, there, notes=(problem, "Correct flyOrganization, or choose another flyApp"))
        return
    real = {"flyOrganization": app.organizations[0]} if foreign else {}
    if name == settings.fly_app:
        yield Row(resource, there, {"flyApp": name, "keep": secrets}, real, tuple(_kept(settings, secrets)))
    else:
        yield Row(resource, there, {"apps": [name]}, real)


def _kept(settings: Settings, secrets: list[str]) -> Iterator[str]:
    """Yield advice on names under `adopt.keep` that the app lacks, and under `extraSecrets` that it has."""
    if gone := sorted(settings.adopt.keep - {*secrets}):
        yield f"adopt.keep names {', '.join(gone)}, which the app lacks: remove that line, or set the secret"
    if twice := sorted(settings.extra_secrets.keys() & {*secrets}):
        yield f"extraSecrets sets {', '.join(twice)}, which the app has: keep it, or set it, not both"


def delivery(look: Look) -> Iterator[Row]:
    """Yield the findings of the GitHub environment, its policy and the variables.

    Raises:
        CloudError: GitHub gave no usable answer.
    """
    settings, client = look.settings, look.access.client("GitHub")
    repository, name = f"{settings.github_owner}/{settings.github_repository}", settings.github_environment_name
    if settings.github_scope == "repository":
        yield from _variables(look, _values(client, repository), kinds.VARIABLE, {})
        return
    resource, kind = f"GitHub environment {name}", kinds.ENVIRONMENT
    key = kind.import_id({"repository": settings.github_repository, "environment": name})
    try:
        environment = github.environment(client, repository, name)
    except MissingError:
        yield absent(resource, adopted=bool(settings.adopt.github_environment))
        return
    there = (look.line(kind, key, environment.get("created_at"), name),)
    adopt = {"githubEnvironment": name}
    owner = look.inventory.owner(kind, key)
    if owner and owner != settings.stack:
        yield Row(resource, there)
        return
    with client.documented():
        if owner:
            yield Row(resource, there)
        else:
            real = differing(settings, _rules(environment))
            yield Row(resource, there, adopt, real)
        if (environment["deployment_branch_policy"] or {}).get("custom_branch_policies"):
            yield _policy(look, client, repository, adopt)
        yield from _variables(look, _values(client, repository, name), kinds.ENVIRONMENT_VARIABLE, adopt)


def _rules(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the real values of an environment's rules by configuration path."""
    rules = {rule["type"]: rule for rule in environment["protection_rules"]}
    review = rules.get("required_reviewers") or {"reviewers": [], "prevent_self_review": False}
    policy = environment["deployment_branch_policy"]
    ids = [(reviewer["type"], reviewer["reviewer"]["id"]) for reviewer in review["reviewers"]]
    return {
        "approval.users": sorted(identity for kind, identity in ids if kind == "User"),
        "approval.teams": sorted(identity for kind, identity in ids if kind == "Team"),
        "approval.waitMinutes": (rules.get("wait_timer") or {"wait_timer": 0})["wait_timer"],
        "approval.selfReview": not review["prevent_self_review"],
        "approval.adminsBypass": environment["can_admins_bypass"],
        "approval.deploysFrom": "any" if not policy else "policy" if policy["custom_branch_policies"] else "protected",
    }


def _policy(look: Look, client: Client, repository: str, adopt: Mapping[str, Any]) -> Row:
    settings, kind = look.settings, kinds.DEPLOYMENT_POLICY
    type_, path = ("tag", "releaseTags") if settings.tier == "production" else ("branch", "mainBranch")
    pattern = settings.release_tags if type_ == "tag" else settings.main_branch
    environment = settings.github_environment_name
    inputs = {"repository": settings.github_repository, "environment": environment}
    found = [
        policy for policy in github.policies(client, repository, environment) if policy.get("type", "branch") == type_
    ]
    # `mainBranch` names one branch, so a pattern cannot be adopted.
    settable = [policy for policy in found if type_ == "tag" or not {*policy["name"]} & {*"*?["}]
    alike = [policy for policy in found if policy["name"] == pattern] or settable
    resource = f"deployment policy of {environment}: {type_} {pattern}"
    there = tuple(
        look.line(kind, kind.import_id(inputs, str(policy["id"])), name=f"{policy['id']}: {policy['name']}")
        for policy in alike
    )
    owned = any(look.inventory.owner(kind, kind.import_id(inputs, str(policy["id"]))) for policy in alike)
    if owned or not alike:
        return Row(resource, there)
    if len(alike) > 1:
        return Row(resource, there, notes=(f"there are several, and none is {pattern}: `up` adds it",))
    proposed = {**adopt, "githubDeploymentPolicy": alike[0]["id"]}
    return Row(resource, there, proposed, differing(settings, {path: alike[0]["name"]}))


def _values(client: Client, repository: str, environment: str | None = None) -> dict[str, str]:
    with client.documented():
        return {one["name"]: one["value"] for one in github.variables(client, repository, environment)}


def _variables(look: Look, real: Mapping[str, str], kind: Kind, adopt: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the findings of variables that the stack would make and that GitHub has already."""
    settings = look.settings
    states = look.inventory.keys(kinds.NEON_PROJECT, settings.stack)
    project = next(iter(states), settings.adopt.neon_project or "")
    wanted = {**application.github_variables(settings, project), **settings.github_variables}
    place = {"repository": settings.github_repository, "environment": settings.github_environment_name}
    for variable, value in wanted.items():
        name = settings.github_name(variable)
        if value is None or name not in real:
            continue
        key = kind.import_id({**place, "variableName": name})
        resource, there = f"GitHub variable {name}", (look.line(kind, key, name=f"{name}: {real[name]}"),)
        if look.inventory.owner(kind, key):
            continue
        kept = {f"githubVariables.{variable}": real[name]} if real[name] != value else {}
        notes = (f"remove {' '.join(kept)} later to let `up` set {value}",) if kept and value else ()
        yield Row(resource, there, {**adopt, "githubVariables": [name]}, kept, notes)
