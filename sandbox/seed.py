"""Fill a new world: production, made by hand, as the stack files describe it.

Everything that a stack file lists under `adopt` exists, so a team that fills in its own ids keeps a working
sandbox. An empty world has the accounts and the repository, and nothing in them.
"""

from __future__ import annotations

from typing import Any

from sandbox.credentials import FLY_TOKEN
from sandbox.world import cloudflare, fly, github, neon, zones
from sandbox.world.store import Transaction, World

Config = dict[str, Any]

# Neon's name of each setting. A missing one has Neon's default, which is also the program's.
_NEON = {"neonProject": "name", "neonRegion": "region_id", "neonOrganizationId": "org_id"}
_NEON |= {"postgresVersion": "pg_version", "historyRetentionSeconds": "history_retention_seconds"}
_NEON |= {"defaultBranchProtected": "default_branch_protected"}


def seed(world: World, stacks: dict[str, Config], project: Config, *, empty: bool) -> None:
    """Fill a new world.

    Args:
        world: The world, without any object yet.
        stacks: Configuration by stack, without the project's namespace.
        project: The content of `Pulumi.yaml`.
        empty: Make nothing that a stack adopts.
    """
    settings = {key: value for key, value in (project.get("config") or {}).items() if isinstance(value, dict)}
    defaults = {key: value["default"] for key, value in settings.items() if "default" in value}
    configs = {stack: {**defaults, **config} for stack, config in stacks.items()} or {"": defaults}
    with world.transaction() as tx:
        for config in configs.values():
            _accounts(tx, config)
        if not empty:
            for stack, config in configs.items():
                _by_hand(tx, stack, config, config.get("adopt") or {})


def _accounts(tx: Transaction, config: Config) -> None:
    organization = config.get("flyOrganization", "personal")
    if tx.get("fly", "organization", organization) is None:
        fly.put_organization(tx, organization, "Sandbox")
    if account := config.get("cloudflareAccountId"):
        tx.put("cloudflare", "account", account, {"id": account, "name": "Sandbox"})
        for key in ("domains", "formerDomains"):
            if zone := (config.get(key) or {}).get("zone"):
                zones.put_zone(tx, zone, account)
    owner, name = config.get("githubOwner"), config.get("githubRepository")
    if owner and name and tx.get("github", "repository", f"{owner}/{name}") is None:
        number = 700_000_000 + tx.number("github repository")
        tx.put("github", "repository", f"{owner}/{name}", {"id": number, "name": name, "owner": owner})


def _by_hand(tx: Transaction, stack: str, config: Config, adopt: Config) -> None:
    if "neonProject" in adopt:
        _neon_project(tx, config, adopt["neonProject"])
    if "flyApp" in adopt:
        values = {name: f"set-by-hand-{name.lower()}" for name in adopt.get("keep", [])}
        fly.put_app(tx, adopt["flyApp"], config["flyOrganization"], values)
    for name in adopt.get("apps", []):
        fly.put_app(tx, name, config["flyOrganization"], {})
    if "pagesProject" in adopt:
        _pages_project(tx, config)
    if "bucket" in adopt:
        account, name = config["cloudflareAccountId"], config["bucket"]
        bucket = cloudflare.create_bucket(tx, account, {"name": name})
        domain = {**bucket["managed_domain"], "enabled": True}
        domain["domain"] = config.get("bucketPublicHost", domain["domain"])
        cloudflare.update_bucket(tx, account, "default", name, objects=412, managed_domain=domain)
    for name in adopt.get("extraBuckets", []):
        cloudflare.create_bucket(tx, config["cloudflareAccountId"], {"name": name})
    _names(tx, config, adopt)
    if "githubEnvironment" in adopt:
        _github_environment(tx, stack, config, adopt)


def _neon_project(tx: Transaction, config: Config, identity: str) -> None:
    if config.get("neonPlan", "free") != "free":
        tx.put("neon", "account", "account", {"plan": config["neonPlan"]})
    body = {name: config[setting] for setting, name in _NEON.items() if setting in config}
    project = neon.create_project(tx, body)
    tx.delete("neon", "project", project["id"])
    tx.put("neon", "project", identity, {**project, "id": identity})


def _pages_project(tx: Transaction, config: Config) -> None:
    """Make the Pages project by hand: even its previews use production's API."""
    build = config.get("pagesBuild") or {}
    api_url = config.get("apiUrl") or f"https://{config.get('flyApp')}.fly.dev"
    variables = {**(config.get("pagesVariables") or {}), "PUBLIC_API_URL": api_url}
    environment = {
        "build_image_major_version": build.get("imageVersion", 3),
        "env_vars": {name: {"type": "plain_text", "value": value} for name, value in variables.items()},
    }
    account, name, host = config["cloudflareAccountId"], config["pagesProject"], config.get("pagesHost")
    branch = config.get("productionBranch", "main")
    paths = {"path_includes": ["*"], "path_excludes": []}
    previews = {"preview_deployment_setting": "all", "preview_branch_includes": ["*"], "preview_branch_excludes": []}
    switches = {"pr_comments_enabled": True, "production_deployments_enabled": True}
    repository = {"owner": config["githubOwner"], "repo_name": config["githubRepository"], "production_branch": branch}
    body = {
        "name": name,
        "production_branch": branch,
        "build_config": {
            "build_caching": build.get("caching", True),
            "build_command": build.get("command", "bun install && bun run build"),
            "destination_dir": build.get("outputDir", ".svelte-kit/cloudflare"),
            "root_dir": build.get("rootDir", "frontend"),
        },
        "source": {"type": "github", "config": {**repository, **switches, **previews, **paths}},
        "deployment_configs": {"preview": environment, "production": environment},
    }
    project = cloudflare.create_pages(tx, account, body)
    tx.put(
        "cloudflare",
        "pages",
        f"{account}/{name}",
        {**project, **({"subdomain": host, "domains": [host]} if host else {})},
    )


def _names(tx: Transaction, config: Config, adopt: Config) -> None:
    """Serve the adopted names, and make the adopted DNS records, as a person would."""
    groups = [config.get(key) or {} for key in ("domains", "formerDomains")]
    ids = {zone["name"]: zone["id"] for zone in zones.zones(tx)}
    places = {host: (role, ids.get(group.get("zone"))) for group in groups for role, host in group.items()}
    account, cloud = config.get("cloudflareAccountId", ""), fly.Fly(tx, FLY_TOKEN, 0)
    for host in adopt.get("domains", []):
        role, zone = places[host]
        if role == "api":
            cloud.add_certificate(config["flyApp"], host)
        elif role == "audio":
            body = {"domain": host, "zone_id": zone, "enabled": True}
            zones.add_bucket_domain(tx, account, config["bucket"], body)
        else:
            zones.add_pages_domain(tx, account, config["pagesProject"], host)
    for key, identity in adopt.get("dnsRecords", {}).items():
        type_, name = key.split()
        host = name.removeprefix("_fly-ownership.")
        role, zone = places[host]
        content = config.get("pagesHost")
        if role == "api":
            wanted = cloud.requirements(config["flyApp"], host)
            proof = [f'"{wanted["ownership"]["app_value"]}"']
            content = {"A": wanted["a"], "AAAA": wanted["aaaa"], "CNAME": [wanted["cname"]], "TXT": proof}[type_][0]
        made = zones.put_record(
            tx, str(zone), {"type": type_, "name": name, "content": content, "proxied": role != "api"}
        )
        tx.delete("cloudflare", "dns", f"{zone}/{made['id']}")
        tx.put("cloudflare", "dns", f"{zone}/{identity}", {**made, "id": identity})


def _github_environment(tx: Transaction, stack: str, config: Config, adopt: Config) -> None:
    place = (config["githubOwner"], config["githubRepository"], adopt["githubEnvironment"])
    policy = {"protected_branches": False, "custom_branch_policies": True}
    github.put_environment(tx, *place, deployment_branch_policy=policy)
    if "githubDeploymentPolicy" in adopt:
        identity = int(adopt["githubDeploymentPolicy"])
        release = config.get("tier") == "production"
        pattern = config.get("releaseTags", "v*") if release else config.get("mainBranch", "main")
        document = {"id": identity, "name": pattern, "type": "tag" if release else "branch"}
        tx.put("github", "deployment-policy", "/".join([*place, str(identity)]), document)
    for variable in adopt.get("githubVariables", []):
        github.put_item(tx, "variable", *place, variable, value=f"set-by-hand-{stack}")
