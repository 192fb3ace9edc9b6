"""A process that the engine starts ends when it is interrupted, whatever its main thread does."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The main thread waits, as the language host's does, or is where no handler can run.
WAITING = "threading.Event().wait()"
DEAF = "hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)"
PROGRAM = """\
import hashlib, threading
from setup.engine.lifetime import end_with_engine

end_with_engine(lambda: print("ended", flush=True))
# Said once the main thread is at it.
threading.Timer(0.1, lambda: print("started", flush=True)).start()
{}
"""


@pytest.mark.parametrize("main_thread", [WAITING, DEAF], ids=["waiting", "deaf"])
def test_an_interrupt_ends_it(main_thread: str) -> None:
    command = [sys.executable, "-c", PROGRAM.format(main_thread)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "started\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 0
            assert process.stdout.read() == "ended\n"
        finally:
            process.kill()


def test_it_ends_when_its_parent_is_gone() -> None:
    """`started` comes from a process that then ends, `ended` from the one that it started."""
    start = "import subprocess, sys; told = subprocess.PIPE; command = [sys.executable, '-c', sys.argv[1]]; "
    start += "print(subprocess.Popen(command, stdout=told, stderr=1, text=True).stdout.readline(), end='')"
    program = f"import sys\n{PROGRAM.format(WAITING)}".replace('print("ended"', 'print("ended", file=sys.stderr')
    with subprocess.Popen([sys.executable, "-c", start, program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as first:
        assert first.communicate(timeout=30)[0] == "started\nended\n"
