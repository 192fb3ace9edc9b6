"""Run a step of a release: `python3 deploy/release COMMAND [ARGUMENT]`."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from release.commands import main  # noqa: E402  (this folder's parent had to come first)

sys.exit(main(sys.argv[1:]))
