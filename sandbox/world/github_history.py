"""Keep what happened in a GitHub repository: its releases, and the runs of its workflows.

Documents:

- ("github", "release", "owner/repo/tag"): tag_name, created_at, published_at, draft, prerelease.
- ("github", "workflow", "owner/repo/file"): {"state": "active" or "disabled_manually"}.
- ("github", "run", "owner/repo/number"): a run, and `shown`, which tells how the next listings show it.

Documented: the members; `created_at` of a release is its commit's date; a draft has no `published_at`.
Reported: releases are sorted by creation and not by publication; a run is listed some seconds after its event.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.world import github
from sandbox.world.store import Document, Transaction

_UNFINISHED = ("queued", "in_progress")


def put_release(tx: Transaction, owner: str, repo: str, tag: str, created: str, **more: object) -> None:
    """Make a release, published when it was created unless `published_at`, `draft` or `prerelease` say otherwise."""
    release = {"tag_name": tag, "created_at": created, "published_at": created, "draft": False, "prerelease": False}
    tx.put("github", "release", f"{owner}/{repo}/{tag}", {**release, **more})


def releases(tx: Transaction, owner: str, repo: str) -> list[Document]:
    """Return a repository's releases, the last created first; drafts and pre-releases are among them."""
    github.get(tx, "repository", owner, repo)
    found = tx.list("github", "release").items()
    mine = [release for key, release in found if key.startswith(f"{owner}/{repo}/")]
    return sorted(mine, key=lambda release: release["created_at"], reverse=True)


def put_run(
    tx: Transaction, owner: str, repo: str, workflow: str, *, commit: str, event: str, shown: Sequence[str | None]
) -> None:
    """Start a run of a workflow.

    Args:
        tx: The world.
        owner: Owner of the repository.
        repo: The repository's name.
        workflow: The workflow's file.
        commit: The commit that it runs for.
        event: The event that started it, such as `push`.
        shown: Its state in each listing to come, of which the last stays: None while GitHub does not list it,
            "queued", "in_progress", or the conclusion of a completed run.
    """
    number = tx.number("github run")
    url = f"https://github.com/{owner}/{repo}/actions/runs/{number}"
    run = {"workflow": workflow, "head_sha": commit, "event": event, "html_url": url, "shown": list(shown)}
    tx.put("github", "run", f"{owner}/{repo}/{number:06}", run)


def runs(tx: Transaction, owner: str, repo: str, workflow: str, **wanted: str) -> list[Document]:
    """Return the listed runs of a workflow, the newest first, filtered by `head_sha` and `event`.

    Raises:
        CloudError: 404 without the workflow.
    """
    github.get(tx, "workflow", owner, repo, workflow)
    listed = []
    for key, run in reversed(tx.list("github", "run").items()):
        if not key.startswith(f"{owner}/{repo}/") or run["workflow"] != workflow:
            continue
        state, *rest = run["shown"]
        tx.put("github", "run", key, {**run, "shown": rest or [state]})
        if state and all(run[name] == value for name, value in wanted.items()):
            done = state not in _UNFINISHED
            about = {name: run[name] for name in ("head_sha", "event", "html_url")}
            listed.append({**about, "status": "completed" if done else state, "conclusion": state if done else None})
    return listed
