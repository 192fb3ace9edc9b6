"""Let a run suffer a blow, and see what is left after at most one recovery command and the same run again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.conftest import FULL
from tests.engine.processes import KINDS, descendants, end_leftovers, gone, until
from tests.engine.sandboxes import TIMEOUT, Sandbox
from tests.faults import worlds

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.worlds import Scene

CTRL_C = {"Ctrl-C": 1, "Ctrl-C twice": 2}
# Without an end of its own, the engine writes its state and releases its lock.
NEEDS_RECOVERY = {"engine", "bin/sandbox", "Ctrl-C twice"}


class Blow(NamedTuple):
    """One fault of a run.

    Attributes:
        cloud: The cloud, as the world names it.
        operation: The call during which it does.
        skip: How many calls of that name go well before.
        fault: What the stand-in does, see `sandbox.providers.calls` and `tests.faults.flyctl`.
        victim: Who is killed, or interrupted, while the call hangs; nobody where it is empty.
        times: How many calls suffer the fault.
    """

    cloud: str
    operation: str
    skip: int
    fault: str
    victim: str = ""
    times: int = 1

    def __str__(self) -> str:
        """Return a name for the case."""
        return " ".join(filter(None, (self.operation, str(self.skip or ""), self.fault, self.victim)))


class Struck(NamedTuple):
    """A run that suffered a blow: its exit code and all it wrote."""

    code: int
    said: str


def strike(scene: Scene, sandbox: Sandbox, blow: Blow) -> Struck:
    """Run a scene's command, and let it suffer the blow."""
    sandbox.world.inject(blow.cloud, blow.operation, blow.fault, skip=blow.skip, times=blow.times)
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            **sandbox.command(*scene.arguments), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            if blow.victim:
                _hit(sandbox, process, blow)
            process.wait(timeout=TIMEOUT)
        finally:
            process.kill()
        output.seek(0)
        said = output.read()
    _forget_faults(sandbox)
    return Struck(process.returncode, said)


def mend(scene: Scene, sandbox: Sandbox, *, recover: bool) -> str:
    """Run the recovery command, where one is due, then the scene's command; return what they wrote.

    In the full form the command runs twice.

    Raises:
        AssertionError: One of them fails, or the second run still has something to do.
    """
    lines = [f"bin/recover {scene.stack}"] if recover else []
    command = " ".join(scene.arguments)
    lines += [command]
    if FULL:
        lines += [f"{command} --expect-no-changes" if scene.command == "up" else command]
    done = sandbox.run("sh", "-ec", "\n".join(lines), check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def survive(
    scene: Scene,
    folder: Path,
    blow: Blow,
    record: Callable[[str, object], None],
    remedy: Callable[[Sandbox, str], None] = lambda _sandbox, _said: None,
) -> Struck:
    """Let a copy of a scene's world suffer a blow, mend it, and see that it ends where an undisturbed run does.

    Args:
        scene: The scene.
        folder: Where to put the copy.
        blow: What goes wrong.
        record: Pytest's `record_property`: the table at the end is made of what is recorded.
        remedy: What the run's message tells a person to do next, given the sandbox and what the run said.

    Returns:
        The run that suffered it.
    """
    sandbox = worlds.copy(scene.before, folder / "world")
    struck = strike(scene, sandbox, blow)
    remedy(sandbox, struck.said)
    failed = ""
    try:
        said = mend(scene, sandbox, recover=blow.victim in NEEDS_RECOVERY)
    except AssertionError as error:
        said = failed = str(error)
    outcome = scene.outcome(sandbox)
    state = worlds.checkpoint(sandbox, scene.stack)
    whole = worlds.resources(sandbox, scene.stack) == scene.resources and not state.get("pending_operations")
    tracebacks = (struck.said + said).count("Traceback (most recent call last)")
    record(
        "fault",
        {
            "cases": 1,
            "converged": int(not failed and whole and not any(outcome)),
            "lost": len(outcome.lost),
            "duplicated": len(outcome.duplicated),
            "tracebacks": tracebacks,
        },
    )
    account = f"{struck.said}\n--- then ---\n{said}"
    assert not failed, account
    assert outcome == ([], []), account
    assert whole, f"{state.get('pending_operations')}\n{account}"
    assert not tracebacks, account
    return struck


def kill(process: subprocess.Popen[str], victim: str) -> None:
    """Send SIGKILL to one of the processes that a command started."""
    pattern = re.compile(KINDS[victim])
    running = descendants(process.pid) | {process.pid: _command_line(process.pid)}
    found = [pid for pid, command in running.items() if pattern.search(command)]
    assert found, f"no {victim} is running: {running}"
    for pid in found:
        os.kill(pid, signal.SIGKILL)


def _hit(sandbox: Sandbox, process: subprocess.Popen[str], blow: Blow) -> None:
    def hangs() -> bool:
        return process.poll() is not None or any(operation == "hang" for _, operation, _ in sandbox.world.calls())

    assert until(hangs, TIMEOUT), f"{blow.operation} was never called"
    assert process.poll() is None, f"the run ended before {blow.operation}"
    started = descendants(process.pid)
    if blow.victim in CTRL_C:
        for _ in range(CTRL_C[blow.victim]):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.5)  # the engine takes two that come at once for one
    else:
        kill(process, blow.victim)
    _release(sandbox)
    process.wait(timeout=TIMEOUT)
    if blow.victim in {*NEEDS_RECOVERY, "bin/pull-request"}:
        end_leftovers(started)
    assert until(lambda: gone(started), 60), "processes are left"


def _release(sandbox: Sandbox) -> None:
    """Let what hangs go on."""
    with sandbox.world.transaction() as tx:
        tx._connection.execute("DELETE FROM calls WHERE operation = 'hang'")


def _forget_faults(sandbox: Sandbox) -> None:
    with sandbox.world.transaction() as tx:
        tx._connection.execute("DELETE FROM faults")


def _command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
