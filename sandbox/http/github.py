"""Answer GitHub's REST API: a repository's environments, policies, variables, pull requests, releases and runs."""

from __future__ import annotations

from sandbox.world import github, github_history
from sandbox.world.store import Document, Transaction

# The most items that a page may have, and without a wish has (GitHub's REST reference).
_MOST = {"variables": 30}
_USUAL = {"variables": 10}


def _repository(tx: Transaction, _query: dict[str, str], owner: str, name: str) -> Document:
    found = github.get(tx, "repository", owner, name)
    return {"id": found["id"], "name": found["name"], "full_name": f"{owner}/{name}", "owner": {"login": owner}}


def _environments(tx: Transaction, query: dict[str, str], *repository: str) -> Document:
    github.get(tx, "repository", *repository)
    found = _within(tx, "environment", *repository)
    return _page(query, "environments", [_shown_environment(item) for item in found])


def _environment(tx: Transaction, _query: dict[str, str], *environment: str) -> Document:
    return _shown_environment(github.get(tx, "environment", *environment))


def _shown_environment(item: Document) -> Document:
    """Return an environment with its rules in the form of the API."""
    rules: list[Document] = []
    if item["wait_timer"]:
        rules.append({"type": "wait_timer", "wait_timer": item["wait_timer"]})
    reviewers = [
        {"type": kind, "reviewer": {"id": identity}}
        for group in item["reviewers"]
        for kind, plural in (("User", "users"), ("Team", "teams"))
        for identity in group.get(plural) or []
    ]
    if reviewers or item["prevent_self_review"]:
        review = {"prevent_self_review": item["prevent_self_review"], "reviewers": reviewers}
        rules.append({"type": "required_reviewers", **review})
    if item["deployment_branch_policy"]:
        rules.append({"type": "branch_policy"})
    shown = {name: item[name] for name in ("name", "can_admins_bypass", "deployment_branch_policy")}
    return {**shown, "protection_rules": rules, "created_at": item.get("created_at")}


def _pulls(tx: Transaction, query: dict[str, str], *repository: str) -> list[Document]:
    """List a repository's pull requests by state; the sandbox keeps those that a test or a user put there."""
    github.get(tx, "repository", *repository)
    wanted = query.get("state", "open")
    found = [item for item in _within(tx, "pull", *repository) if wanted in {"all", item["state"]}]
    shown: list[Document] = _page(query, "pulls", found)["pulls"]
    return shown


def _policies(tx: Transaction, query: dict[str, str], *environment: str) -> Document:
    return _page(query, "branch_policies", github.policies(tx, *environment))


def _variables(tx: Transaction, query: dict[str, str], owner: str, name: str, environment: str = "") -> Document:
    place = (owner, name, *filter(None, [environment]))
    github.get(tx, "environment" if environment else "repository", *place)
    return _page(query, "variables", [_shown_variable(item) for item in _within(tx, "variable", *place)])


def _secrets(tx: Transaction, query: dict[str, str], owner: str, name: str, environment: str = "") -> Document:
    place = (owner, name, *filter(None, [environment]))
    github.get(tx, "environment" if environment else "repository", *place)
    dates = ("name", "created_at", "updated_at")
    return _page(query, "secrets", [{key: item[key] for key in dates} for item in _within(tx, "secret", *place)])


def _variable(tx: Transaction, _query: dict[str, str], *path: str) -> Document:
    return _shown_variable(github.get(tx, "variable", *path))


def _shown_variable(item: Document) -> Document:
    return {name: item[name] for name in ("name", "value", "created_at", "updated_at")}


def _releases(tx: Transaction, query: dict[str, str], *repository: str) -> list[Document]:
    return _cut(query, "releases", github_history.releases(tx, *repository))


def _workflow(tx: Transaction, _query: dict[str, str], *workflow: str) -> Document:
    return {"state": github.get(tx, "workflow", *workflow)["state"], "path": f".github/workflows/{workflow[-1]}"}


def _runs(tx: Transaction, query: dict[str, str], *workflow: str) -> Document:
    wanted = {name: query[name] for name in ("head_sha", "event") if name in query}
    return _page(query, "workflow_runs", github_history.runs(tx, *workflow, **wanted))


def _within(tx: Transaction, kind: str, *place: str) -> list[Document]:
    """Return the objects of a kind directly below a repository or an environment."""
    return [item for key, item in tx.list("github", kind).items() if key.split("/")[:-1] == list(place)]


def _page(query: dict[str, str], name: str, items: list[Document]) -> Document:
    return {"total_count": len(items), name: _cut(query, name, items)}


def _cut(query: dict[str, str], name: str, items: list[Document]) -> list[Document]:
    size = min(int(query.get("per_page", _USUAL.get(name, 30))), _MOST.get(name, 100))
    first = size * (int(query.get("page", "1")) - 1)
    return items[first : first + size]


_ENVIRONMENT = r"GET /repos/([^/]+)/([^/]+)/environments/([^/]+)"
ROUTES = (
    (r"GET /repos/([^/]+)/([^/]+)", _repository),
    (r"GET /repos/([^/]+)/([^/]+)/environments", _environments),
    (r"GET /repos/([^/]+)/([^/]+)/pulls", _pulls),
    (_ENVIRONMENT, _environment),
    (rf"{_ENVIRONMENT}/deployment-branch-policies", _policies),
    (r"GET /repos/([^/]+)/([^/]+)/releases", _releases),
    (r"GET /repos/([^/]+)/([^/]+)/actions/workflows/([^/]+)", _workflow),
    (r"GET /repos/([^/]+)/([^/]+)/actions/workflows/([^/]+)/runs", _runs),
    (r"GET /repos/([^/]+)/([^/]+)/(?:actions|environments/([^/]+))/secrets", _secrets),
    (r"GET /repos/([^/]+)/([^/]+)/(?:actions|environments/([^/]+))/variables", _variables),
    (r"GET /repos/([^/]+)/([^/]+)/(?:actions|environments/([^/]+))/variables/(\w+)", _variable),
)
"""Method and path, and the function that answers."""
