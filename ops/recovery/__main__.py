"""`bin/recover`: puts a stack in order after an update that was killed or failed, so that the next `up` converges."""

from __future__ import annotations

import argparse
import re
import socket
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

from infra.config.stack_files import StackFileError
from ops.recovery import files as recover_files
from ops.recovery import lost as recover_lost
from ops.recovery.clouds import revoke
from ops.recovery.found import RecoveryError, StateError
from ops.recovery.looks import verdict
from ops.recovery.stack import Stack
from ops.stacks import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ops.recovery.found import Lock, Operation, State, Window
    from ops.recovery.looks import Verdict

# What providers say of an import id that leads nowhere; the engine, where a provider reads nothing under it.
_ABSENT = re.compile(r"\b404\b|not found|does not exist|non-existent", re.IGNORECASE)


def recover(stack: Stack, *, nothing_runs: bool) -> bool:
    """Mend the state's file, release a stranded lock, resolve what was under way, then what was lost; say what is done.

    Of each of the last two everything is looked up before anything is changed.

    Args:
        stack: The stack.
        nothing_runs: The caller vouches that no update of the stack is running anywhere.

    Returns:
        Whether there was anything to do.

    Raises:
        RecoveryError: It cannot be done, or not by a program.
    """
    require_stranded = partial(_require_stranded, stack, nothing_runs=nothing_runs)
    # The lock is looked at by way of an update that does nothing, but drops whatever is not a creation.
    first, put_back = _readable(stack, require_stranded)
    others = [operation for operation in first.pending if operation.kind != "creating"]
    locks = stack.locks()
    for lock in locks:
        require_stranded(lock)
    if locks:
        stack.cancel()
        _say(f"The lock of an update that has ended was released ({', '.join(map(_describe, locks))}).")
    state = stack.state()
    creations = [operation for operation in state.pending if operation.kind == "creating"]
    if creations or others:
        count = len(creations) + len(others)
        _say(f"{count} operation{'s were' if count > 1 else ' was'} under way when the last update ended:")
        _resolve(stack, creations, lambda operation: [verdict(stack, state, operation)])
        for operation in others:
            _say(f"  {operation.kind} {operation.name}: its state is read from the cloud")
    past = recover_lost.past(stack)
    under_way = bool(creations or others or put_back or past.unread)
    if under_way:
        stack.settle()
    ran = past.ran(locks, first)
    lost = bool(ran) and _take_in_what_was_lost(stack, ran)
    return bool(locks) or under_way or lost


def _readable(stack: Stack, require_stranded: Callable[[Lock], None]) -> tuple[State, bool]:
    """Return the state, and whether it is an older copy: the one there was could not be read."""
    try:
        return stack.state(), False
    except StateError:
        put_back = recover_files.mend(stack.name, require_stranded)
        return stack.state(), put_back


def _take_in_what_was_lost(stack: Stack, ran: Sequence[Window]) -> bool:
    """Look for what updates that failed had made all the same, and tell whether any of it was taken in or revoked."""
    search = recover_lost.Search(stack, stack.state(), ran, recover_lost.planned(stack))
    heading = "An update failed. Of what is still to be made, this is there:"
    done = _resolve(stack, search.planned, search.verdicts, heading=heading)
    return any(found.action != "leave" for found in done)


def _resolve(
    stack: Stack,
    creations: Sequence[Operation],
    look: Callable[[Operation], list[Verdict]],
    *,
    heading: str = "",
) -> list[Verdict]:
    """Look up all creations, then do what the verdicts say; say so, below the heading, and return them.

    Raises:
        RecoveryError: One cannot be looked up, or resolved.
    """
    found, problems = [], []
    for operation in creations:
        try:
            found += [(operation, one) for one in look(operation)]
        except RecoveryError as error:
            problems.append(f"  creating {operation.name}: {error}.")
    if problems:
        again = f"Beyond what is told above nothing was changed. Then run `bin/recover {stack.name}` again."
        raise RecoveryError("\n".join(["This needs a person:", *problems, again]))
    if found and heading:
        _say(heading)
    for operation, one in found:
        _say(f"  creating {operation.name}: {_resolved(stack, operation, one)}")
    return [one for _, one in found]


def _resolved(stack: Stack, operation: Operation, found: Verdict) -> str:
    """Do what the verdict says, and return the line that tells it."""
    if found.action == "leave":
        return found.said
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
    command = ["ps", "-ww", "-o", "args=", "-p", str(pid)]  # else cut at the width of a terminal
    return "pulumi" in subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _say(line: str) -> None:
    print(line, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Recover one stack and return the exit code: 0 when the next command is `pulumi up`."""
    parser = argparse.ArgumentParser(
        prog="bin/recover",
        description="Put a stack in order after an update that was killed or failed: release its lock, look up in the "
        "clouds what was being made, import what is there, forget what is not, revoke a token whose value was lost; of "
        "a local state that was cut short, put the newest whole copy back.",
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
    except (RecoveryError, StackError, StackFileError) as error:
        print(f"bin/recover: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"bin/recover: interrupted; run `bin/recover {options.stack}` again.", file=sys.stderr)
        return 130
    _say(f"Next: pulumi up -s {options.stack}" if done else "Nothing to recover.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
