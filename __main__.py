"""Start the program for Pulumi, from the top of the tree, so that `.venv` and `infra.…` mean the same everywhere."""

import atexit
import gc
import os
import signal

# Pulumi's own language host interrupts the program of a refused `up`, which took 13.2 s with Python's KeyboardInterrupt
# and takes 4.6 s without.
signal.signal(signal.SIGINT, signal.SIG_DFL)
# That host also passes the decrypted configuration in this variable, which no child process may inherit.
os.environ.pop("PULUMI_CONFIG", None)
# Importing Cloudflare's SDK makes a million objects that stay. Without collections among them, a process that imports
# it and ends takes 4.4 s instead of 6.4; without the interpreter's collection at exit, 2.9 s.
gc.disable()
atexit.register(gc.freeze)

import pulumi  # noqa: E402

from infra.program import main  # noqa: E402
from infra.typed import as_typed, change_texts  # noqa: E402

change_texts(pulumi.log, as_typed, "info", "warn", "error")  # `error` prints a refusal, too
pulumi.run(main)
