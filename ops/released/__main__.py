"""`bin/released`: print the tag of the newest full release, which production runs."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from infra.clouds import github
from ops.released.newest import ReleaseError, check_ancestor, newest, pattern
from ops.stacks import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Print the tag, or an empty line if there is no release, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="bin/released",
        description="Print the tag of the newest full release that `releaseTags` matches, or an empty line. "
        "Reads GITHUB_REPOSITORY and GITHUB_TOKEN.",
        epilog="Exit code 0: printed; 1: GitHub did not answer, or the release is not on the branch.",
    )
    parser.add_argument("--on", metavar="BRANCH", help="fail unless the release's commit is on this branch")
    options = parser.parse_args(arguments)
    repository, token = os.environ.get("GITHUB_REPOSITORY"), os.environ.get("GITHUB_TOKEN")
    if not (repository and token):
        raise ReleaseError("GITHUB_REPOSITORY and GITHUB_TOKEN are not both set.")
    tag = newest(github.releases(github.client(token), repository), pattern(root))
    if tag and options.on:
        check_ancestor(root, tag, options.on)
    print(tag)
    return 0


if __name__ == "__main__":
    sys.exit(main())
