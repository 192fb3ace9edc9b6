"""Run an update by the Pulumi CLI, with a log that holds no secret and no command to the runner."""

from __future__ import annotations

import os
import signal
import subprocess

from ops import stacks
from ops.joblog import say
from ops.redact import credentials, redactor


def streamed(*arguments: str) -> int:
    """Run the Pulumi CLI, print its output line by line as it comes, and return its exit code.

    Raises:
        OSError: It cannot be run.
    """
    clean = redactor(credentials(os.environ))
    with subprocess.Popen(
        ["pulumi", *arguments],  # noqa: S607
        cwd=stacks.ROOT,
        env=stacks.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        # The CLI ends an update in order at its first signal, and at once at its second: this process sends the first.
        start_new_session=True,
    ) as process:
        before = {
            number: signal.signal(number, lambda *_: process.send_signal(signal.SIGINT))
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        assert process.stdout is not None  # noqa: S101  (for mypy: it is a pipe)
        for line in process.stdout:
            say(clean(line.rstrip("\n")))
    for number, handler in before.items():
        signal.signal(number, handler)
    return process.returncode
