"""Keep the deployments of Cloudflare's Pages projects: each is one build of a commit on a branch.

Documents ("cloudflare", "deployment", "account/project/number"), the number in order of the builds.

Documented: the members of a deployment, its stages and their statuses, `is_skipped`, and 25 deployments on a page.
Believed: A build that Pages cannot start, as without its GitHub app, leaves no deployment.
"""

from __future__ import annotations

from sandbox.world import cloudflare, ids
from sandbox.world.store import Document, Transaction

STAGES = ("queued", "initialize", "clone_repo", "build", "deploy")
STATUSES = ("idle", "active", "success", "failure", "canceled")


def build(
    tx: Transaction,
    account_id: str,
    project: str,
    *,
    branch: str,
    commit: str,
    stage: str = "deploy",
    status: str = "success",
    skipped: bool = False,
) -> Document:
    """Add a deployment of a commit, which has come to a stage with a status, and return it.

    Raises:
        CloudError: 404 without the project.
        ValueError: Cloudflare has no such stage or status.
    """
    found = cloudflare.get(tx, "pages", account_id, project)
    STAGES.index(stage), STATUSES.index(status)
    identity = ids.hexes(tx, "pages deployment")
    deployment = {
        "id": identity,
        "url": f"https://{identity[:8]}.{found['subdomain']}",
        "environment": "production" if branch == found["production_branch"] else "preview",
        "deployment_trigger": {"type": "github:push", "metadata": {"branch": branch, "commit_hash": commit}},
        "latest_stage": {"name": stage, "status": status},
        "is_skipped": skipped,
    }
    number = tx.number("pages deployment order")
    tx.put("cloudflare", "deployment", f"{account_id}/{project}/{number:06}", deployment)
    return deployment


def builds(tx: Transaction, account_id: str, project: str) -> list[Document]:
    """Return a project's deployments, the newest first.

    Raises:
        CloudError: 404 without the project.
    """
    cloudflare.get(tx, "pages", account_id, project)
    prefix = f"{account_id}/{project}/"
    found = [item for key, item in tx.list("cloudflare", "deployment").items() if key.startswith(prefix)]
    return found[::-1]
