"""Entry point, at the top of the tree so that `.venv` and `infra.…` mean the same everywhere."""

import atexit
import gc

gc.disable()  # before the imports: collecting among what they make, and keep, took a third of a preview's time
atexit.register(gc.freeze)  # nor need the interpreter collect among it once more at its end, which took half a second

import pulumi  # noqa: E402

from infra.program import main  # noqa: E402

pulumi.run(main)
