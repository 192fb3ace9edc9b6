"""Ask the clouds which commit an environment should run, which it runs, and whether it answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

from infra.application import HEALTH_PATH
from infra.clouds import github, neon
from infra.clouds.http import CloudError
from ops import stacks

if TYPE_CHECKING:
    from collections.abc import Callable

POINT = "restore-point-"
"""The prefix of a restore point's name (deploy/release/points.py)."""


def rows(stack: str, outputs: dict[str, Any]) -> dict[str, str]:
    """Return an environment's facts in the clouds, by title. A dash means that the fact does not apply.

    Args:
        stack: The stack's name.
        outputs: The stack's outputs.
    """
    app, project = outputs.get("flyApp"), outputs.get("neonProjectId")
    production = outputs.get("environment") == "production"
    asked: dict[str, Callable[[], str] | None] = {
        "Wanted": lambda: wanted(stack),
        "Released": (lambda: released(app)) if app else None,
        "Answering": (lambda: answering(outputs["apiUrl"])) if app else None,
        "Restore points": (lambda: restore_points(project)) if project and production else None,
        "Last drill": last_drill if project and production else None,
    }
    if outputs.get("domains"):
        asked["Domains"] = lambda: served(stack)
    found = {}
    for title, ask in asked.items():
        try:
            found[title] = ask() if ask else "-"
        except (CloudError, OSError, HTTPException, ValueError, KeyError, stacks.StackError) as error:
            found[title] = f"not known: {str(error).splitlines()[0][:60] or type(error).__name__}"
    return found


def wanted(stack: str) -> str:
    """Return the infrastructure's commit in the last `up`, as the engine recorded it."""
    done = stacks.ask("stack", "history", "--json", "--page-size", "10", "--stack", stack)
    if done.returncode:
        raise stacks.StackError(stacks.said(done))
    updates = [update for update in stacks.document(done) if update["kind"] == "update"]
    if not updates:
        return "never brought up"
    last = updates[0]
    commit = last["environment"].get("git.head", "no commit")[:12]
    dirty = ", with changes that are not committed" if last["environment"].get("git.dirty") == "true" else ""
    return f"{commit}{dirty}" + ("" if last.get("result") == "succeeded" else f" ({last.get('result')})")


def released(app: str) -> str:
    """Return the labels of the images that the app's machines run. The deployment labels an image with its commit."""
    command = ["flyctl", "status", "--json", "--app", app]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise ValueError(f"`{' '.join(command)}` failed")
    tags = {str(machine["image_ref"]["tag"])[:24] for machine in json.loads(done.stdout)["Machines"]}
    return ", ".join(sorted(tags)) or "no machine"


def answering(url: str) -> str:
    """Return the status that the API answers with."""
    request = urllib.request.Request(url + HEALTH_PATH, headers={"User-Agent": "relay-infrastructure"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  (the stack's own address)
            return f"yes, {answer.status}"
    except HTTPError as error:
        error.close()
        return f"no, {error.code}"


def served(stack: str) -> str:
    """Return why domains of the stack are not served yet, or that all are served."""
    from infra.checks import domains  # noqa: PLC0415  (only a stack with domains needs these)
    from infra.config.stack_files import read_stack_files  # noqa: PLC0415
    from ops.access import Access  # noqa: PLC0415
    from ops.settings import readable  # noqa: PLC0415

    settings = readable(stack, read_stack_files(stacks.folder()))
    found = domains.pending(settings, Access.of(stack).client("Cloudflare"))
    return "; ".join(finding.what for finding in found if finding.state != "ok") or "all are served"


def restore_points(project: str) -> str:
    """Return the number of restore points, and the newest three."""
    listed = neon.branches(neon.client(os.environ["NEON_API_KEY"]), project)
    newest_first = sorted(listed, key=lambda branch: str(branch["created_at"]), reverse=True)
    points = [branch["name"].removeprefix(POINT) for branch in newest_first if branch["name"].startswith(POINT)]
    return f"{len(points)}, of {', '.join(points[:3])}" if points else "none"


def last_drill() -> str:
    """Return when the restore drill ran last in this repository, and how it ended."""
    repository = os.environ.get("GITHUB_REPOSITORY") or _repository()
    path = f"repos/{repository}/actions/workflows/drill.yml/runs"
    client = github.client(os.environ["GITHUB_TOKEN"])
    runs = client.ask(path, "workflow_runs", query={"per_page": 1})
    return f"{runs[0]['created_at'][:10]}, {runs[0]['conclusion'] or runs[0]['status']}" if runs else "never"


def _repository() -> str:
    """Return `owner/name` of this checkout's origin."""
    command = ["git", "-C", str(stacks.ROOT), "remote", "get-url", "origin"]
    origin = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    found = re.search(r"[:/]([\w.-]+/[\w.-]+?)(?:\.git)?$", origin)
    if found is None:
        raise ValueError("this checkout has no origin on GitHub")
    return found[1]
