"""`bin/comment`: tells what `bin/preview` found, in the job summary and in a pull request's one comment per stack."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ops.github import GitHubError, Repository
from ops.preview import __main__ as run_preview
from ops.preview import markdown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def marker(stack: str) -> str:
    """Return the invisible line by which a stack's comment is found again."""
    return f"<!-- infrastructure preview: {stack} -->"


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Tell, and return the exit code: 1 where the comment could not be written.

    In a workflow it takes from the environment: GITHUB_STEP_SUMMARY, GITHUB_EVENT_PATH, GITHUB_REPOSITORY, and
    GITHUB_TOKEN, without which there is no comment. Elsewhere it prints the comment.
    """
    parser = argparse.ArgumentParser(prog="bin/comment", description="Tell what `bin/preview` found.")
    parser.add_argument("stack")
    parser.add_argument("folder", type=Path, help="what `bin/preview` wrote")
    parser.add_argument("--sandbox", action="store_true", help="it ran in the sandbox: say what that shows; no comment")
    options = parser.parse_args(arguments)

    number, commit = _pull_request(environment)
    run_url = "{}/{}/actions/runs/{}".format(
        *(environment.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    )
    known = "GITHUB_RUN_ID" in environment
    context = markdown.Context(commit=commit, sandbox=options.sandbox, run_url=run_url if known else "")
    preview = run_preview.load(options.stack, options.folder)
    if "GITHUB_STEP_SUMMARY" in environment:
        with Path(environment["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
            summary.write(markdown.summary(preview, context))
    else:
        print(markdown.comment(preview, context), end="")
    if options.sandbox or number is None or "GITHUB_TOKEN" not in environment:
        return 0
    repository = Repository(
        environment["GITHUB_REPOSITORY"],
        environment["GITHUB_TOKEN"],
        environment.get("GITHUB_API_URL", Repository._field_defaults["api"]),
    )
    try:
        url = repository.put_comment(number, marker(options.stack), markdown.comment(preview, context))
    except GitHubError as error:
        print(f"bin/comment: {error}", file=sys.stderr)
        return 1
    print(f"Told in {url}", file=sys.stderr)
    return 0


def _pull_request(environment: Mapping[str, str]) -> tuple[int | None, str]:
    """Return the number and the head commit, in short, of the pull request that the workflow runs for."""
    path = environment.get("GITHUB_EVENT_PATH")
    event = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    pull_request = event.get("pull_request")
    return (pull_request["number"], pull_request["head"]["sha"][:12]) if pull_request else (None, "")


if __name__ == "__main__":
    sys.exit(main())
