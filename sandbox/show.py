"""Print the clouds for a reader, with names and digests and never a secret's value: `bin/sandbox show`."""

from collections.abc import Iterator
from textwrap import fill

from sandbox.world import fly, neon_branches
from sandbox.world.store import Document, Transaction, World

_WIDTH = 80
_IN_ENVIRONMENT = {
    "deployment-policy": "deploys from {type} {name}",
    "secret": "secret {name} (set {updated_at})",
    "variable": "variable {name} = {value}",
}


def main(world: World) -> None:
    """Print every object of every cloud."""
    clouds = {"Fly.io": _fly, "Neon": _neon, "Cloudflare": _cloudflare, "GitHub": _github}
    with world.transaction() as tx:
        for title, lines in clouds.items():
            print(title)
            for line in list(lines(tx)) or ["(nothing)"]:
                print(fill(f"  {line}", _WIDTH, subsequent_indent=" " * 8, break_on_hyphens=False))


def _within(tx: Transaction, cloud: str, kind: str, key: str) -> list[Document]:
    return [document for other, document in tx.list(cloud, kind).items() if other.startswith(f"{key}/")]


def _fly(tx: Transaction) -> Iterator[str]:
    for name, app in tx.list("fly", "app").items():
        yield f"app {name} (organization {app['organization']}, {app['status']}, machines: {len(app['machines'])})"
        for secret in _within(tx, "fly", "secret", name):
            yield f"  secret {secret['name']:<28} {secret['digest']}  {fly.secret_status(app, secret) or '-'}"
    for key, certificate in tx.list("fly", "certificate").items():
        yield f"certificate {key} ({'issued' if certificate['configured'] else 'pending'})"
    for token in tx.list("fly", "token").values():
        owner, end = token["app"] or token["organization"], " (revoked)" if token["revoked"] else ""
        yield f"token {token['name']} for {owner}{end}"


def _neon(tx: Transaction) -> Iterator[str]:
    for identity, project in tx.list("neon", "project").items():
        hours = project["history_retention_seconds"] // 3600
        yield f"project {project['name']} ({identity})"
        yield f"  {project['region_id']}, Postgres {project['pg_version']}, history {hours} h"
        yield f"  host {project['endpoint']['host']}"
        for branch in neon_branches.branches(tx, identity)[1:]:
            ends = f", until {branch['expires_at']}" if "expires_at" in branch else ""
            host = branch["endpoint"]["host"] if branch["endpoint"] else "no compute"
            yield f"  branch {branch['name']} ({host}{ends})"


def _cloudflare(tx: Transaction) -> Iterator[str]:
    for page in tx.list("cloudflare", "pages").values():
        yield f"Pages project {page['name']} ({page['subdomain']}, production branch {page['production_branch']})"
        for kind, environment in page["deployment_configs"].items():
            for name, variable in environment["env_vars"].items():
                value = variable["value"] if variable["type"] == "plain_text" else "(secret)"
                yield f"  {kind:<10} {name} = {value}"
    for bucket in tx.list("cloudflare", "bucket").values():
        domain = bucket["managed_domain"]
        yield f"bucket {bucket['name']} ({bucket['objects']} objects)"
        yield f"  public at {domain['domain']}" if domain["enabled"] else "  not public"
        for rule in bucket["cors"]:
            yield f"  CORS {', '.join(rule['allowed']['origins'])}"
    for key, found in tx.list("cloudflare", "pages-domain").items():
        yield f"Pages domain {key.partition('/')[2]} ({found['status']})"
    for key, found in tx.list("cloudflare", "bucket-domain").items():
        yield f"bucket domain {key.partition('/')[2]} ({found['status']['ssl']})"
    for record in tx.list("cloudflare", "dns").values():
        yield f"record {record['type']} {record['name']} = {record['content']}{' (proxied)' * record['proxied']}"
    for token in tx.list("cloudflare", "token").values():
        yield f"token {token['name']} ({token['id']}, {token['status']})"


def _github(tx: Transaction) -> Iterator[str]:
    for repository in tx.list("github", "repository"):
        yield f"repository {repository}"
        for environment in _within(tx, "github", "environment", repository):
            yield f"  environment {environment['name']}"
            place = f"{repository}/{environment['name']}"
            for kind, line in _IN_ENVIRONMENT.items():
                for document in _within(tx, "github", kind, place):
                    yield f"    {line.format(**document)}"
