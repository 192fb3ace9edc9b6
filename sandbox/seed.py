"""The world the sandbox starts with: production made by hand, as the stack files say it is.

Whatever a stack file lists under `adopt` exists, so that a team which fills in its own ids keeps a
working sandbox. An empty world has the accounts and the repository, and nothing in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.clouds import cloudflare, fly, github, neon

if TYPE_CHECKING:
    from sandbox.world import Transaction, World

Config = dict[str, Any]


def seed(world: World, stacks: dict[str, Config], project: Config, *, empty: bool) -> None:
    """Fill a new world.

    Args:
        world: The world, without any object yet.
        stacks: Configuration by stack, without the project's namespace.
        project: What `Pulumi.yaml` says.
        empty: Leave out what is to be adopted.
    """
    defaults = {
        key: value["default"]
        for key, value in (project.get("config") or {}).items()
        if isinstance(value, dict) and "default" in value
    }
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
    account, owner = config.get("cloudflareAccountId", ""), config.get("githubOwner", "")
    if account:
        tx.put("cloudflare", "account", account, {"id": account, "name": "Sandbox"})
    repository = config.get("githubRepository", "")
    if owner and repository and tx.get("github", "repository", f"{owner}/{repository}") is None:
        number = 700_000_000 + tx.number("github repository")
        tx.put("github", "repository", f"{owner}/{repository}", {"id": number, "name": repository, "owner": owner})


def _by_hand(tx: Transaction, stack: str, config: Config, adopt: Config) -> None:
    api_url = config.get("apiUrl") or f"https://{config.get('flyApp')}.fly.dev"
    if "neonProject" in adopt:
        _neon_project(tx, config, adopt["neonProject"])
    if "flyApp" in adopt:
        values = {name: f"set-by-hand-{name.lower()}" for name in adopt.get("keep", [])}
        fly.put_app(tx, adopt["flyApp"], config["flyOrganization"], values)
    if "pagesProject" in adopt:
        _pages_project(tx, config, api_url)
    if "bucket" in adopt:
        _bucket(tx, config)
    if "githubEnvironment" in adopt:
        _github_environment(tx, stack, config, adopt)


def _neon_project(tx: Transaction, config: Config, identity: str) -> None:
    if config.get("neonPlan", "free") != "free":
        tx.put("neon", "account", "account", {"plan": config["neonPlan"]})
    project = neon.create_project(
        tx,
        {
            "name": config["neonProject"],
            "region_id": config["neonRegion"],
            "pg_version": config.get("postgresVersion", 17),
            "history_retention_seconds": config.get("historyRetentionSeconds", 21_600),
            "default_branch_protected": config.get("defaultBranchProtected", False),
            "org_id": config.get("neonOrganizationId"),
        },
    )
    tx.delete("neon", "project", project["id"])
    tx.put("neon", "project", identity, {**project, "id": identity})


def _pages_project(tx: Transaction, config: Config, api_url: str) -> None:
    """Make the Pages project as it is today: previews, too, use production's API."""
    build = config.get("pagesBuild") or {}
    variables = {**(config.get("pagesVariables") or {}), "PUBLIC_API_URL": api_url}
    environment = {
        "build_image_major_version": build.get("imageVersion", 3),
        "env_vars": {name: {"type": "plain_text", "value": value} for name, value in variables.items()},
    }
    branch = config.get("productionBranch", "main")
    account, name, host = config["cloudflareAccountId"], config["pagesProject"], config["pagesHost"]
    body = {
        "name": name,
        "production_branch": branch,
        "build_config": {
            "build_caching": build.get("caching", True),
            "build_command": build.get("command", "npm run build"),
            "destination_dir": build.get("outputDir", "build"),
            "root_dir": build.get("rootDir", "frontend"),
        },
        "source": {
            "type": "github",
            "config": {
                "owner": config["githubOwner"],
                "repo_name": config["githubRepository"],
                "production_branch": branch,
                "pr_comments_enabled": True,
                "production_deployments_enabled": True,
                "preview_deployment_setting": "all",
                "preview_branch_includes": ["*"],
                "preview_branch_excludes": [],
                "path_includes": ["*"],
                "path_excludes": [],
            },
        },
        "deployment_configs": {"preview": environment, "production": environment},
    }
    project = cloudflare.create_pages(tx, account, body)
    tx.put("cloudflare", "pages", f"{account}/{name}", {**project, "subdomain": host, "domains": [host]})


def _bucket(tx: Transaction, config: Config) -> None:
    account, name = config["cloudflareAccountId"], config["bucket"]
    bucket = cloudflare.create_bucket(tx, account, {"name": name})
    domain = {**bucket["managed_domain"], "domain": config["bucketPublicHost"], "enabled": True}
    cloudflare.update_bucket(tx, account, "default", name, {"objects": 412, "managed_domain": domain})


def _github_environment(tx: Transaction, stack: str, config: Config, adopt: Config) -> None:
    owner, repository, name = config["githubOwner"], config["githubRepository"], adopt["githubEnvironment"]
    policy = {"protected_branches": False, "custom_branch_policies": True}
    github.put_environment(tx, owner, repository, name, {"deployment_branch_policy": policy})
    if "githubDeploymentPolicy" in adopt:
        identity = int(adopt["githubDeploymentPolicy"])
        release = config.get("tier") == "production"
        pattern = config.get("releaseTags", "v*") if release else config.get("mainBranch", "main")
        document = {"id": identity, "name": pattern, "type": "tag" if release else "branch"}
        tx.put("github", "deployment-policy", f"{owner}/{repository}/{name}/{identity}", document)
    for variable in adopt.get("githubVariables", []):
        github.create_variable(tx, owner, repository, name, variable, f"set-by-hand-{stack}")
