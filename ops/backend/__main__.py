"""`bin/backend`: refuse a Pulumi backend that a team cannot share. Workflows run it before they touch a stack."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ops.backend.check import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Print why the backend is refused, and return the exit code."""
    description = "Fail if the Pulumi CLI is not logged in to a backend that a team can share."
    argparse.ArgumentParser(prog="bin/backend", description=description).parse_args(arguments)
    refused = refusal()
    if refused:
        print(f"bin/backend: {refused}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
