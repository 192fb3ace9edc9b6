"""Read the sandbox's command line, see `USAGE`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# `python -I` ignores modules in the caller's folder and in PYTHONPATH.
sys.path.insert(0, str(Path(__file__).absolute().parents[1]))

from setup.errors import guarded

ROOT = Path(__file__).absolute().parents[1]

USAGE = """\
Usage: bin/sandbox COMMAND…             run a command against stand-ins
       bin/sandbox show                 print the clouds as they stand
       bin/sandbox --reset [--empty]    start over: with the world that the
                                        stack files describe, or an empty one

For example:
       bin/sandbox pulumi up -s staging
       bin/sandbox pulumi preview -s production --diff

`pulumi` runs in a mirror of this project: it never modifies the stack files.
An edit of one shows at the next command; until then the mirror keeps what
`config set` and bin/adopt write into that file.
All state is in .sandbox, or in the folder that RELAY_SANDBOX names.
The exit code is the command's.
"""


def main(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    from sandbox.runner import Sandbox  # noqa: PLC0415 -- Ctrl-C must work during this import

    sandbox = Sandbox(root=ROOT, folder=Path(os.environ.get("RELAY_SANDBOX") or ROOT / ".sandbox").absolute())
    match arguments:
        case [] | ["--help" | "-h", *_]:
            print(USAGE, end="")
            return 0 if arguments else 2
        case ["--reset"] | ["--reset", "--empty"]:
            sandbox.reset(empty="--empty" in arguments)
            return 0
        case ["show"]:
            from sandbox import show  # noqa: PLC0415 -- only this command pays for it
            from sandbox.world.store import World  # noqa: PLC0415

            sandbox.prepare()
            show.main(World(sandbox.clouds))
            return 0
        case [option, *_] if option.startswith("-"):
            print(f"bin/sandbox: unknown option: {' '.join(arguments)}\n\n{USAGE}", end="", file=sys.stderr)
            return 2
        case command:
            return sandbox.run(command)


if __name__ == "__main__":
    sys.exit(guarded("bin/sandbox", lambda: main(sys.argv[1:])))
