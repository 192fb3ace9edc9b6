"""`bin/sandbox show`: the clouds as they stand, for a person. Names and digests, never a secret's value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.clouds import fly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.world import Document, Transaction, World


def main(world: World) -> None:
    """Print every object of every cloud."""
    with world.transaction() as tx:
        for title, lines in (
            ("Fly.io", _fly(tx)),
            ("Neon", _neon(tx)),
            ("Cloudflare", _cloudflare(tx)),
            ("GitHub", _github(tx)),
        ):
            print(title)
            for line in list(lines) or ["(nothing)"]:
                print(f"  {line}")


def _fly(tx: Transaction) -> Iterator[str]:
    secrets = tx.list("fly", "secret")
    for name, app in tx.list("fly", "app").items():
        machines = f"{len(app['machines'])} machine{'s' * (len(app['machines']) != 1)}"
        yield f"app {name} (organization {app['organization']}, {app['status']}, {machines})"
        for key, secret in secrets.items():
            if key.startswith(f"{name}/"):
                status = fly.secret_status(app, secret) or "-"
                yield f"  secret {secret['name']:<28} {secret['digest']}  {status}"
    for token in tx.list("fly", "token").values():
        yield f"token {token['name']} for {token['app']}{' (revoked)' if token['revoked'] else ''}"


def _neon(tx: Transaction) -> Iterator[str]:
    for identity, project in tx.list("neon", "project").items():
        retention = project["history_retention_seconds"]
        yield (
            f"project {project['name']} ({identity}, {project['region_id']}, Postgres {project['pg_version']}, "
            f"history {retention // 3600} h)"
        )
        yield f"  host {project['endpoint']['host']}"


def _cloudflare(tx: Transaction) -> Iterator[str]:
    for project in tx.list("cloudflare", "pages").values():
        branch = project["production_branch"]
        yield f"Pages project {project['name']} ({project['subdomain']}, production branch {branch})"
        for kind, environment in project["deployment_configs"].items():
            for name, variable in environment["env_vars"].items():
                value = variable["value"] if variable["type"] == "plain_text" else "(secret)"
                yield f"  {kind:<10} {name} = {value}"
    for bucket in tx.list("cloudflare", "bucket").values():
        domain = bucket["managed_domain"]
        public = f"public at {domain['domain']}" if domain["enabled"] else "not public"
        yield f"bucket {bucket['name']} ({bucket['objects']} objects, {public})"
        for rule in bucket["cors"]:
            yield f"  CORS {', '.join(rule['allowed']['origins'])}"
    for token in tx.list("cloudflare", "token").values():
        yield f"token {token['name']} ({token['id']}, {token['status']})"


def _github(tx: Transaction) -> Iterator[str]:
    for repository in tx.list("github", "repository"):
        yield f"repository {repository}"
        for key in tx.list("github", "environment"):
            if key.startswith(f"{repository}/"):
                yield f"  environment {key.removeprefix(f'{repository}/')}"
                yield from _within(tx, key)


def _within(tx: Transaction, environment: str) -> Iterator[str]:
    def inside(kind: str) -> Iterator[Document]:
        return (d for key, d in tx.list("github", kind).items() if key.startswith(f"{environment}/"))

    for policy in inside("deployment-policy"):
        yield f"    deploys from {policy['type']} {policy['name']}"
    for secret in inside("secret"):
        yield f"    secret {secret['name']} (set {secret['updated_at']})"
    for variable in inside("variable"):
        yield f"    variable {variable['name']} = {variable['value']}"
