"""Preview a stack, and keep the redacted output in a folder for `bin/comment`.

It changes nothing in the clouds. The exit code is that of `pulumi preview`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ops import stacks
from ops.preview import run
from ops.preview.wording import headline

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Preview the stack, print one line about the result, and return the CLI's exit code."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("bin/preview", description=__doc__, formatter_class=raw)
    parser.add_argument("stack", type=stacks.stack_name)
    parser.add_argument("folder", type=Path, help="where to keep the output")
    options = parser.parse_args(arguments)
    code = run.run(options.stack, options.folder)
    preview = run.load(options.stack, options.folder)
    for error in preview.errors:
        print(error, file=sys.stderr)
    print(f"{options.stack}: {headline(preview)}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
