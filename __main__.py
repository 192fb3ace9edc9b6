"""Entry point, at the top of the tree so that `.venv` and `infra.…` mean the same everywhere."""

import gc

gc.disable()  # before the imports: collecting among what they make, and keep, took a third of a preview's time

from infra.program import main  # noqa: E402

main()
