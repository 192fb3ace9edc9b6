"""`bin/released`: print the tag of the newest full release, which is what production runs."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from infra.config.settings import Settings
from infra.config.stack_files import StackFileError, read_stack_files
from ops.github import GitHubError, Repository
from ops.stacks import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class ReleaseError(Exception):
    """The newest release cannot be used. The message says why, and what to do."""


def newest(releases: Iterable[dict[str, Any]], pattern: str) -> str:
    """Return the tag of the release that was published last, or nothing.

    Drafts, pre-releases and tags of another train do not count.

    Args:
        releases: Releases as GitHub's REST API lists them, which sorts them by creation.
        pattern: The setting `releaseTags`, such as `v*`.
    """
    full = [one for one in releases if not one["draft"] and not one["prerelease"] and one["published_at"]]
    matching = [one for one in full if fnmatchcase(one["tag_name"], pattern)]
    return str(max(matching, key=lambda one: one["published_at"])["tag_name"]) if matching else ""


def check_ancestor(root: Path, tag: str, branch: str) -> None:
    """Check that a tag's commit is on a branch: whatever runs with secrets was merged there.

    Raises:
        ReleaseError: It is not, or git does not know the tag or the branch.
    """
    command = [
        "git",
        "-C",
        str(root),
        "merge-base",
        "--is-ancestor",
        f"refs/tags/{tag}",
        f"refs/remotes/origin/{branch}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 1:
        raise ReleaseError(
            f"release {tag} is not on {branch}: its code was not merged there, and does not run with production's "
            f"credentials. Merge it into {branch}, or publish a release from {branch}"
        )
    if done.returncode:
        raise ReleaseError(f"git cannot compare release {tag} with {branch}: {done.stderr.strip()}")


def pattern(root: Path) -> str:
    """Return the setting `releaseTags` of the production stack.

    Raises:
        StackFileError: A stack file cannot be read.
    """
    files = read_stack_files(root)
    stacks = [stack for stack in files.stacks if files.effective(stack).get("tier") == "production"]
    configured = files.effective(stacks[0]).get("releaseTags") if stacks else None
    return str(configured or Settings.model_fields["release_tags"].default)


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Print the tag, or an empty line where there is no release, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="bin/released",
        description="Print the tag of the newest full release that `releaseTags` matches; an empty line without one. "
        "The environment holds GITHUB_REPOSITORY and GITHUB_TOKEN.",
    )
    parser.add_argument("--on", metavar="BRANCH", help="fail where the release's commit is not on this branch")
    options = parser.parse_args(arguments)
    name, token = os.environ.get("GITHUB_REPOSITORY", ""), os.environ.get("GITHUB_TOKEN", "")
    if not (name and token):
        print("bin/released: GITHUB_REPOSITORY and GITHUB_TOKEN are not both set.", file=sys.stderr)
        return 1
    try:
        repository = Repository(name, token, os.environ.get("GITHUB_API_URL") or "https://api.github.com")
        tag = newest(repository.releases(), pattern(root))
        if tag and options.on:
            check_ancestor(root, tag, options.on)
    except (GitHubError, ReleaseError, StackFileError) as error:
        print(f"bin/released: {error}.", file=sys.stderr)
        return 1
    print(tag)
    return 0


if __name__ == "__main__":
    sys.exit(main())
