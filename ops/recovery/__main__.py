"""Put a stack in order after an update that was killed.

It releases the update's lock and ends the update's providers. It looks up each
interrupted creation in its cloud: it imports the resource, or forgets the
creation, or revokes a token whose value was lost. Exit code 0: run `pulumi up`
next; 1: the message says why not.
"""

from __future__ import annotations

import argparse
import re
import socket
import sys
from typing import TYPE_CHECKING

from infra import kinds
from infra.clouds import cloudflare
from infra.config.load import examine_files
from infra.config.rotation import storage_tokens
from infra.config.stack_files import read_stack_files
from infra.parts.storage_keys import token_name
from ops import inventory, stacks
from ops.recovery import processes
from ops.recovery.creations import explained, revoke, verdict
from ops.recovery.stack import RecoveryError, Stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ops.recovery.creations import Verdict
    from ops.recovery.processes import Process
    from ops.recovery.stack import Lock, Operation, State

# The error of a provider, or of the engine, when an import finds no resource.
_ABSENT = re.compile(r"\b404\b|not found|does not exist|non-existent", re.IGNORECASE)
_UNSEEN = (
    "This machine does not show whether providers of the killed update still run and make resources. Before the next "
    "`up`, end those of this stack; to list them:\n  pgrep -fl 'pulumi-|terraform-provider-'"
)


def recover(stack: Stack, *, nothing_runs: bool) -> bool:
    """Release a stranded lock, end the providers that its engine left, and resolve each pending operation.

    Recovery looks up all creations before it resolves the first.

    Args:
        stack: The stack.
        nothing_runs: The caller vouches that no update of the stack is running anywhere.

    Returns:
        Whether there was anything to do.

    Raises:
        RecoveryError: A step failed, or a person must decide.
    """
    stack.state()  # raises if there is no such stack
    locks = stack.locks()
    for lock in locks:
        _require_stranded(stack, lock, nothing_runs=nothing_runs)
    survivors = processes.survivors(stacks.folder())
    _end(survivors or ())
    # Read the state before the lock's release: `pulumi cancel` drops all operations but creations.
    first = stack.state()
    if locks:
        stack.cancel()
        print(f"Released the lock of an update that has ended ({', '.join(map(str, locks))}).")
    state = stack.state()
    creations = [operation for operation in state.pending if operation.kind == "creating"]
    others = [operation for operation in first.pending if operation.kind != "creating"]
    under_way = bool(creations or others)
    if under_way:
        count = len(creations) + len(others)
        print(f"{count} operation{'s were' if count > 1 else ' was'} under way when the last update ended:")
        _resolve(stack, state, creations)
        for operation in others:
            print(f"  {operation.kind} {operation.name}: Pulumi reads it from the cloud")
        stack.settle()
    if survivors is None and (locks or under_way):
        print(_UNSEEN)
    return bool(locks or under_way or survivors)


def _end(survivors: Sequence[Process]) -> None:
    """End processes whose engine has ended."""
    for process in survivors:
        processes.end(process)
        print(f"Ended process {process.pid} ({process.name}), which went on after its engine had ended.")


def _resolve(stack: Stack, state: State, creations: Sequence[Operation]) -> None:
    """Look up all creations, then carry out the verdicts.

    Raises:
        RecoveryError: A creation cannot be looked up, or resolved.
    """
    found, problems = [], []
    for operation in creations:
        try:
            found.append((operation, verdict(stack, state, operation)))
        except RecoveryError as error:
            problems.append(f"  creating {operation.name}: {error}.")
    if problems:
        again = f"Nothing else was changed. Once that is settled, run:\n  bin/recover {stack.name}"
        raise RecoveryError("\n".join(["A person must settle this:", *problems, again]))
    for operation, decided in found:
        print(f"  creating {operation.name}: {_carried_out(stack, operation, decided)}")


def _carried_out(stack: Stack, operation: Operation, decided: Verdict) -> str:
    """Carry out a verdict, and return the line that reports it.

    Raises:
        RecoveryError: Pulumi or the cloud refused.
    """
    if decided.action == "clear":
        return f"{decided.reason}; forgotten, the next `up` makes it"
    if decided.action == "revoke":
        revoke(stack, operation.inputs["accountId"], decided.identity)
        return f"{decided.reason}; revoked, the next `up` mints another"
    failed = stack.import_(operation, decided.identity)
    if failed is None:
        return f"{decided.reason or f'it exists as {decided.identity}'}; imported"
    if decided.action == "try" and _ABSENT.search(failed):
        return f"there is none as {decided.identity}; forgotten, the next `up` makes it"
    raise RecoveryError(f"{operation.name}: importing {decided.identity}: {failed}")


def _require_stranded(stack: Stack, lock: Lock, *, nothing_runs: bool) -> None:
    """Refuse to release a lock that an update may still hold.

    Raises:
        RecoveryError: An update may hold the lock.
    """
    here = lock.place.startswith("file:") and lock.host == socket.gethostname()
    runs = processes.runs_engine(lock.pid) if here else None
    if runs:
        raise RecoveryError(
            f"Stack {stack.name} is being updated: {lock} is running. Wait for it, or press Ctrl-C there."
        )
    if runs is None and not nothing_runs:
        raise RecoveryError(
            f"Stack {stack.name} is locked by {lock}, and this machine cannot see whether that update has ended. Once "
            f"you are sure that nobody updates the stack, run:\n  bin/recover {stack.name} --nothing-runs"
        )


def revoke_lost(stack: Stack, identities: Sequence[str]) -> None:
    """Revoke tokens of the stack's bucket whose values are lost.

    Raises:
        RecoveryError: A state has a token, a token is not this stack's, or Cloudflare did not revoke it.
    """
    files = read_stack_files(stacks.folder())
    settings = examine_files(stack.name, files)[0]
    states = inventory.read(files.stacks)
    account = settings.cloudflare_account_id
    names = [token_name(settings.bucket, resource) for resource in storage_tokens(settings)]
    with explained():
        client = stack.access.client("Cloudflare")
        ours = [identity for name in names for identity in cloudflare.token_ids(client, account, name)]
    if states.unread:
        raise RecoveryError(f"A token may be in use: the state of stack {', '.join(states.unread)} cannot be read.")
    for identity in identities:
        if owner := states.owner(kinds.ACCOUNT_TOKEN, identity):
            raise RecoveryError(f"Stack {owner} uses token {identity}. `rotate.storageToken` replaces a token.")
        if identity not in ours:
            raise RecoveryError(f"{identity} is no token of this stack's ({', '.join(names)}), so it stays.")
    for identity in identities:
        revoke(stack, account, identity)
        print(f"Revoked token {identity}.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Recover one stack and return the exit code: 0 when the next command is `pulumi up`."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("bin/recover", description=__doc__, formatter_class=raw)
    parser.add_argument("stack", metavar="STACK", type=stacks.stack_name, help="the stack's name")
    parser.add_argument(
        "--nothing-runs",
        action="store_true",
        help="release a lock that this machine cannot check; only if no update is running anywhere",
    )
    parser.add_argument("--revoke", metavar="ID", nargs="+", help="revoke tokens that bin/adopt names as lost")
    options = parser.parse_args(arguments)
    stack = Stack(options.stack)
    if options.revoke:
        revoke_lost(stack, options.revoke)
        return 0
    done = recover(stack, nothing_runs=options.nothing_runs)
    print(f"Next: pulumi up -s {stack.name}" if done else "Nothing to recover.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
