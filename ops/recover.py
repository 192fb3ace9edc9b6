"""`bin/recover`: puts a stack in order after an update that was killed, so that the next `up` converges."""

from __future__ import annotations

import argparse
import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from ops.recover_looks import revoke, verdict
from ops.recover_stack import RecoveryError, Stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ops.recover_looks import Verdict
    from ops.recover_stack import Lock, Operation, State

# What providers say of an import id that leads nowhere; the engine, where a provider reads nothing under it.
_ABSENT = re.compile(r"\b404\b|not found|does not exist|non-existent", re.IGNORECASE)


def recover(stack: Stack, *, nothing_runs: bool) -> bool:
    """Release a stranded lock, resolve what was under way, and say what is done, line by line.

    Everything is looked up before anything is changed.

    Args:
        stack: The stack.
        nothing_runs: The caller vouches that no update of the stack is running anywhere.

    Returns:
        Whether there was anything to do.

    Raises:
        RecoveryError: It cannot be done, or not by a program.
    """
    # The lock is looked at by way of an update that does nothing, but drops whatever is not a creation.
    others = [operation for operation in stack.state().pending if operation.kind != "creating"]
    locks = stack.locks()
    for lock in locks:
        _require_stranded(stack, lock, nothing_runs=nothing_runs)
    if locks:
        stack.cancel()
        _say(f"The lock of an update that has ended was released ({', '.join(map(_describe, locks))}).")
    state = stack.state()
    creations = [operation for operation in state.pending if operation.kind == "creating"]
    if creations or others:
        count = len(creations) + len(others)
        _say(f"{count} operation{'s were' if count > 1 else ' was'} under way when the last update ended:")
        for operation, found in _looked_up(stack, state, creations):
            _say(f"  creating {operation.name}: {_resolved(stack, operation, found)}")
        for operation in others:
            _say(f"  {operation.kind} {operation.name}: its state is read from the cloud")
        stack.settle()
    return bool(locks or creations or others)


def _looked_up(stack: Stack, state: State, creations: Sequence[Operation]) -> list[tuple[Operation, Verdict]]:
    found, problems = [], []
    for operation in creations:
        try:
            found.append((operation, verdict(stack, state, operation)))
        except RecoveryError as error:
            problems.append(f"  creating {operation.name}: {error}.")
    if problems:
        again = f"In the clouds and the state nothing was changed. Then run `bin/recover {stack.name}` again."
        raise RecoveryError("\n".join(["This needs a person:", *problems, again]))
    return found


def _resolved(stack: Stack, operation: Operation, found: Verdict) -> str:
    """Do what the verdict says, and return the line that tells it."""
    if found.action == "clear":
        return f"{found.said}; forgotten, the next `up` makes it"
    if found.action == "revoke":
        revoke(stack, operation, found.identity)
        return f"{found.said}; revoked, the next `up` mints another"
    failed = stack.take_in(operation, found.identity)
    if failed is None:
        return f"{found.said or f'it is there as {found.identity}'}; imported"
    if found.action == "try" and _ABSENT.search(failed):
        return f"there is none as {found.identity}; forgotten, the next `up` makes it"
    raise RecoveryError(f"{operation.name}: importing {found.identity}: {failed}")


def _require_stranded(stack: Stack, lock: Lock, *, nothing_runs: bool) -> None:
    """Refuse to release a lock that an update may still hold.

    Raises:
        RecoveryError: It may.
    """
    here = lock.place.startswith("file:") and lock.host == socket.gethostname()
    if here and _is_pulumi(lock.pid):
        raise RecoveryError(
            f"Stack {stack.name} is being updated: {_describe(lock)} is running. Wait for it, or end it with Ctrl-C."
        )
    if not here and not nothing_runs:
        raise RecoveryError(
            f"Stack {stack.name} is locked by {_describe(lock)}, and it cannot be seen from here whether that has "
            f"ended. Once you are sure that nobody updates the stack: `bin/recover {stack.name} --nothing-runs`."
        )


def _describe(lock: Lock) -> str:
    return f"process {lock.pid} of {lock.user} on {lock.host}, since {lock.since}" if lock.pid else "another update"


def _is_pulumi(pid: int) -> bool:
    """Tell whether a process is running and is Pulumi: a number may be in use again."""
    command = ["ps", "-o", "args=", "-p", str(pid)]
    return "pulumi" in subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _say(line: str) -> None:
    print(line, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Recover one stack and return the exit code: 0 when the next command is `pulumi up`."""
    parser = argparse.ArgumentParser(
        prog="bin/recover",
        description="Put a stack in order after an update that was killed: release its lock, look up in the clouds "
        "what was being made, import what is there, forget what is not, revoke a token whose value was lost.",
    )
    parser.add_argument("stack", metavar="STACK", help="the stack's name")
    parser.add_argument(
        "--nothing-runs",
        action="store_true",
        help="release a lock from elsewhere; give this only when no update of the stack is running anywhere",
    )
    options = parser.parse_args(arguments)
    try:
        done = recover(Stack(options.stack), nothing_runs=options.nothing_runs)
    except RecoveryError as error:
        print(f"bin/recover: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"bin/recover: interrupted; run `bin/recover {options.stack}` again.", file=sys.stderr)
        return 130
    _say(f"Next: pulumi up -s {options.stack}" if done else "Nothing to recover.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
