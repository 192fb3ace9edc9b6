"""Wait for a workflow of the repository, and move its branches."""

from __future__ import annotations

import os
from typing import Any

from release.calls import CallError, Deadline, ReleaseError, UnknownError, call, variable

POLL = 20.0
"""Seconds between two checks: a workflow's token has 1,000 calls an hour in its repository."""
APPEARS = 600.0
"""Seconds in which GitHub lists a run, which may be late by minutes."""
ENDS = 3600.0
SECONDS = 300.0


def ask(method: str, path: str, body: Any = None) -> Any:
    """Call GitHub about the repository, once.

    Raises:
        CallError: See `calls.call`.
    """
    api = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
    return call(method, f"{api}/repos/{variable('GITHUB_REPOSITORY')}{path}", variable("GITHUB_TOKEN"), body)


def wait(workflow: str) -> None:
    """Wait for a workflow's run for this commit and event, if the repository has the workflow.

    Raises:
        ReleaseError: The run failed, or did not end in time.
        UnknownError: GitHub lists no run.
    """
    commit, event = variable("GITHUB_SHA"), variable("GITHUB_EVENT_NAME")
    if event == "workflow_dispatch":
        print("Started by hand: nothing to wait for.")
        return
    deadline, appears = Deadline(ENDS, POLL), Deadline(APPEARS, POLL)
    try:
        state = deadline.repeat(lambda: ask("GET", f"/actions/workflows/{workflow}"))["state"]
    except CallError as problem:
        if problem.status != 404:
            raise
        print(f"{workflow} is not in this repository: nothing to wait for.")
        return
    if state != "active":
        raise ReleaseError(
            f"{workflow} is {state}, so nothing brings the infrastructure up:\ngh workflow enable {workflow}"
        )
    path = f"/actions/workflows/{workflow}/runs?head_sha={commit}&event={event}&per_page=1"
    while not deadline.passed:
        runs = deadline.repeat(lambda: ask("GET", path))["workflow_runs"]
        if runs and runs[0]["status"] == "completed":
            if runs[0]["conclusion"] not in {"success", "skipped"}:
                outcome = f"{runs[0]['conclusion']}, {runs[0]['html_url']}"
                raise ReleaseError(f"the infrastructure of this commit is not up: {outcome}")
            return
        if not runs and appears.passed:
            found = f"gh run list --workflow {workflow} --commit {commit}"
            raise UnknownError(f"GitHub lists no run of {workflow} for {commit}. To see whether it started:\n{found}")
        deadline.wait()
    raise ReleaseError(f"{workflow} still runs for {commit} after {ENDS:.0f} s")


def move(branch: str) -> None:
    """Move a branch to this commit; make a missing branch.

    The branch moves back only if a person started the workflow, to take a release back.

    Raises:
        ReleaseError: The move would be backward.
    """
    commit, deadline = variable("GITHUB_SHA"), Deadline(SECONDS, POLL)
    body = {"sha": commit, "force": variable("GITHUB_EVENT_NAME") == "workflow_dispatch"}
    while True:
        try:
            deadline.repeat(lambda: ask("PATCH", f"/git/refs/heads/{branch}", body))
            break
        except CallError as problem:
            if problem.status != 422:
                raise
            if "does not exist" not in str(problem):
                raise ReleaseError(f"{branch} cannot go forward to {commit}: {problem}") from None
        try:
            deadline.repeat(lambda: ask("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit}))
            break
        except CallError as problem:
            # A repeated call may find the branch that the first call made.
            if problem.status != 422 or "already exists" not in str(problem) or deadline.passed:
                raise
    print(f"{branch} is at {commit}.")
