"""Start the program for Pulumi, from the top of the tree, so that `.venv` and `infra.…` mean the same everywhere."""

import atexit
import gc
import os
import signal

# Pulumi's language host interrupts the program of a refused `up`. That takes 4.6 s; with KeyboardInterrupt, 13.2 s.
signal.signal(signal.SIGINT, signal.SIG_DFL)
# The language host passes the decrypted configuration in this variable. No child process may inherit it.
os.environ.pop("PULUMI_CONFIG", None)
# Cloudflare's SDK makes a million objects that stay. A process that imports it took 6.4 s; without garbage collection
# it takes 4.4 s, and without the collection at exit 2.9 s.
gc.disable()
atexit.register(gc.freeze)

import pulumi  # noqa: E402

from infra.program import main  # noqa: E402
from infra.typed import as_typed, change_texts  # noqa: E402

change_texts(pulumi.log, as_typed, "info", "warn", "error")  # `error` prints a refusal, too
pulumi.run(main)
