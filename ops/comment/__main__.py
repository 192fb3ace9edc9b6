"""`bin/comment`: show a preview in the job summary, and in one comment per stack on the pull request."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ops import stacks
from ops.github import GitHubError, Repository
from ops.joblog import say
from ops.preview import markdown, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def marker(stack: str) -> str:
    """Return the invisible line that identifies a stack's comment."""
    return f"<!-- infrastructure preview: {stack} -->"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the summary and the comment, and return the exit code: 1 if GitHub refused the comment.

    In a workflow it reads GITHUB_STEP_SUMMARY, GITHUB_EVENT_PATH, GITHUB_REPOSITORY and GITHUB_TOKEN. Without the token
    it writes no comment. Outside a workflow it prints the comment.
    """
    parser = argparse.ArgumentParser(prog="bin/comment", description="Show a preview that `bin/preview` kept.")
    parser.add_argument("stack", type=stacks.stack_name)
    parser.add_argument("folder", type=Path, help="the folder that `bin/preview` wrote")
    parser.add_argument("--sandbox", action="store_true", help="the preview ran in the sandbox: write no comment")
    options = parser.parse_args(arguments)

    environment = os.environ
    number, commit = _pull_request(environment)
    context = markdown.Context(commit=commit, sandbox=options.sandbox, run_url=_run_url(environment))
    preview = run.load(options.stack, options.folder)
    if "GITHUB_STEP_SUMMARY" in environment:
        with Path(environment["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
            summary.write(markdown.summary(preview, context))
    else:
        say(markdown.comment(preview, context).rstrip("\n"))
    if options.sandbox or number is None or "GITHUB_TOKEN" not in environment:
        return 0
    try:
        url = Repository.of(environment).put_comment(number, marker(options.stack), markdown.comment(preview, context))
    except GitHubError as error:
        say(f"bin/comment: {error}", file=sys.stderr)
        return 1
    print(f"Wrote {url}", file=sys.stderr)
    return 0


def _run_url(environment: Mapping[str, str]) -> str:
    """Return the address of the workflow's run; empty outside a workflow."""
    if "GITHUB_RUN_ID" not in environment:
        return ""
    server, repository, number = (
        environment.get(f"GITHUB_{key}", "") for key in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    )
    return f"{server}/{repository}/actions/runs/{number}"


def _pull_request(environment: Mapping[str, str]) -> tuple[int | None, str]:
    """Return the number and the shortened head commit of the pull request that started the workflow."""
    path = environment.get("GITHUB_EVENT_PATH")
    event = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    pull_request = event.get("pull_request")
    return (pull_request["number"], pull_request["head"]["sha"][:12]) if pull_request else (None, "")


if __name__ == "__main__":
    sys.exit(main())
