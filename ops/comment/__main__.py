"""Write a kept preview into the job summary and the pull request's comment.

Each stack has one comment, which every push edits. Outside a workflow this
prints the comment. Exit code 0: written; 1: GitHub refused it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ops import stacks
from ops.github import Repository
from ops.preview import markdown, run, wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def marker(stack: str) -> str:
    """Return the invisible line that identifies a stack's comment."""
    return f"<!-- infrastructure preview: {stack} -->"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the summary and the comment, or the issue about drift, and return 0.

    In a workflow this reads GITHUB_STEP_SUMMARY, GITHUB_EVENT_PATH, GITHUB_REPOSITORY and GITHUB_TOKEN. Without the
    token it writes no comment.

    Raises:
        CloudError: GitHub refused the comment or the issue.
    """
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("bin/comment", description=__doc__, formatter_class=raw)
    parser.add_argument("stack", type=stacks.stack_name)
    parser.add_argument("folder", type=Path, help="the folder that `bin/preview` wrote")
    parser.add_argument("--issue", action="store_true", help="write the issue about drift, or close it")
    parser.add_argument("--sandbox", action="store_true", help="the preview ran in the sandbox: write no comment")
    options = parser.parse_args(arguments)

    environment = os.environ
    if options.issue:
        url = _issue(options.stack, options.folder, environment)
        print(f"Wrote {url}" if url else "There is no drift, and no issue.", file=sys.stderr)
        return 0
    number, commit = _pull_request(environment)
    context = markdown.Context(commit, options.sandbox)
    preview = run.load(options.stack, options.folder)
    text = markdown.comment(preview, context)
    if "GITHUB_STEP_SUMMARY" in environment:
        with Path(environment["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
            summary.write(markdown.summary(preview, context))
    else:
        print(text.rstrip("\n"))
    if not options.sandbox and number is not None and "GITHUB_TOKEN" in environment:
        url = Repository.of(environment).put_comment(number, marker(options.stack), text)
        print(f"Wrote {url}", file=sys.stderr)
    return 0


def _issue(stack: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Keep the one issue about a stack's drift: open it, edit it while the drift lasts, or close it.

    Returns:
        The issue's address; empty if there is neither drift nor an issue.
    """
    repository, marked = Repository.of(environment), f"<!-- infrastructure drift: {stack} -->"
    report = folder / "drift.md"  # `ops.drift` writes it, and cannot be imported before set-up
    failed = f"The comparison of `{stack}` ended without a report: see the job's log.\n"
    text = report.read_text(encoding="utf-8") if report.exists() else failed
    if not text:
        return repository.close_issue(marked)
    return repository.put_issue(marked, f"Drift: {stack}", wording.clip(text, markdown.COMMENT_LIMIT))


def _pull_request(environment: Mapping[str, str]) -> tuple[int | None, str]:
    """Return the number and the shortened head commit of the pull request that started the workflow."""
    path = environment.get("GITHUB_EVENT_PATH")
    event = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    pull_request = event.get("pull_request")
    return (pull_request["number"], pull_request["head"]["sha"][:12]) if pull_request else (None, "")


if __name__ == "__main__":
    sys.exit(main())
