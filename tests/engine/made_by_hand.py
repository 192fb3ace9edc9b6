"""Change production's things at random, as people set them in the consoles of the clouds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.world import cloudflare, fly, github, neon, neon_branches

if TYPE_CHECKING:
    import random

    from sandbox.world.store import Transaction

ACCOUNT = "ffffffffffffffffffffffffffffff01"


def changed_by_hand(tx: Transaction, chance: random.Random) -> None:
    """Change the database, the frontend, the app's secrets and, often, the GitHub environment."""
    _database_by_hand(tx, chance)
    _frontend_by_hand(tx, chance)
    fly.put_secrets(tx, tx.get("fly", "app", "tune-api") or {}, {f"MINE_{n}": "x" for n in range(chance.randrange(3))})
    if chance.random() < 0.7:
        _environment_by_hand(tx, chance)


def _database_by_hand(tx: Transaction, chance: random.Random) -> None:
    plan = chance.choice(["free", "launch", "scale"])
    tx.put("neon", "account", "account", {"plan": plan})
    paid = plan != "free"
    neon.update_project(
        tx,
        "tall-oak-33334444",
        {
            "history_retention_seconds": chance.choice([0, 3600, 21_600] + [604_800] * paid),
            "default_branch_protected": paid and chance.random() < 0.5,
            "enable_logical_replication": chance.choice([None, "yes"]),
            "allowed_ips": chance.choice([None, ["203.0.113.7"]]) if plan == "scale" else None,
        },
    )
    project = neon.project(tx, "tall-oak-33334444")
    made = {
        "pg_version": chance.choice([14, 16, 17]),
        "region_id": chance.choice(["aws-eu-central-1", "aws-us-east-1"]),
    }
    tx.put("neon", "project", project["id"], {**project, **made})
    size = {
        "autoscaling_limit_min_cu": chance.choice([0.25, 1]),
        "autoscaling_limit_max_cu": chance.choice([1, 2, 8] if paid else [1, 2]),
        "suspend_timeout_seconds": chance.choice({"free": [0], "launch": [0, 300, -1]}.get(plan, [0, -1, 900])),
    }
    neon_branches.update_endpoint(tx, project["id"], project["endpoint"]["id"], size)


def _frontend_by_hand(tx: Transaction, chance: random.Random) -> None:
    def plain(**values: str) -> dict[str, dict[str, str]]:
        return {name: {"type": "plain_text", "value": value} for name, value in values.items()}

    branch = chance.choice(["main", "release"])
    shared = plain(**{f"V{n}": chance.choice(["007", "true", "text"]) for n in range(2)})
    api = chance.choice(
        [{}, plain(PUBLIC_API_URL="https://old.example"), plain(PUBLIC_API_URL="https://tune-api.fly.dev")]
    )
    contexts = {
        "production": chance.choice([shared, {**shared, **api}, {**shared, **plain(ONLY="1")}]),
        "preview": chance.choice([shared, {**shared, **api, **plain(OWN="x")}, {"V0": shared["V0"]}]),
    }
    place = {
        "owner": chance.choice(["tune-works", "tune-web"]),
        "repo_name": "tune",
        "production_branch": branch,
        "pr_comments_enabled": chance.random() < 0.5,
        "production_deployments_enabled": chance.random() < 0.5,
        "preview_deployment_setting": chance.choice(["all", "custom"]),
        "preview_branch_includes": chance.choice([["*"], ["main"]]),
        "path_includes": ["*"],
        "path_excludes": chance.choice([[], ["docs/*"]]),
    }
    project = cloudflare.get(tx, "pages", ACCOUNT, "tune")
    project["deployment_configs"] = {
        context: {
            **project["deployment_configs"][context],
            "env_vars": variables,
            "build_image_major_version": chance.choice([2, 3]),
            "fail_open": chance.random() < 0.5,
        }
        for context, variables in contexts.items()
    }
    project["source"] = {"type": "github", "config": place} if chance.random() < 0.8 else None
    project |= {
        "production_branch": branch,
        "build_config": {**project["build_config"], "build_caching": chance.random() < 0.5, "build_command": "make"},
    }
    tx.put("cloudflare", "pages", f"{ACCOUNT}/tune", project)


def _environment_by_hand(tx: Transaction, chance: random.Random) -> None:
    place = ("tune-works", "tune", "production")
    custom = {"protected_branches": False, "custom_branch_policies": True}
    policy = chance.choice([custom, custom, None, {"protected_branches": True, "custom_branch_policies": False}])
    github.put_environment(
        tx,
        *place,
        wait_timer=chance.choice([0, 5]),
        can_admins_bypass=chance.random() < 0.5,
        prevent_self_review=chance.random() < 0.5,
        reviewers=[{"users": [7], "teams": [8]}] if chance.random() < 0.5 else [],
        deployment_branch_policy=policy,
    )
    if policy == custom and chance.random() < 0.7:
        github.create_policy(tx, *place, pattern=chance.choice(["v*", "release-*"]), kind="tag")
    values = {"FLY_APP": "another-app", "API_URL": "https://old.example", "ANOTHER": "x"}
    values["FRONTEND_URL"] = chance.choice(["https://old.example", "https://tune-4i6.pages.dev"])
    for name in chance.sample(sorted(values), chance.randrange(5)):
        github.put_item(tx, "variable", *place, name, value=values[name])
