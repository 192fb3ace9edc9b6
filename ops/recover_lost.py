"""Creations whose answer was lost: what an update that failed had made all the same.

The cloud did what it was asked and answered with an error, or nothing. Pulumi then forgets the creation, and the next
update finds the thing in its way. It is this stack's where it was made while an update of this stack ran that failed.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ops import previews, recover_files
from ops import recover_clouds as clouds
from ops.recover_dates import DATED, made
from ops.recover_found import Operation, RecoveryError, Window, moment
from ops.recover_looks import Verdict, unknown_tokens, verdict
from ops.recover_stack import said
from ops.redact import credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ops.recover_found import Lock, State
    from ops.recover_stack import Stack

TOLERANCE = timedelta(seconds=10)
"""How far a cloud's clock may be from the one that the update was timed by."""

# Updates to look back over for one that succeeded.
_HISTORY = "50"
_ADOPT = {
    clouds.NEON_PROJECT: "set adopt.neonProject to its id",
    clouds.BUCKET: "set adopt.bucket, or adopt.extraBuckets for a further one, to its name",
    clouds.PAGES_PROJECT: "set adopt.pagesProject to its name",
    clouds.VARIABLE: "add its name to adopt.githubVariables",
    clouds.ENVIRONMENT_VARIABLE: "add its name to adopt.githubVariables, beside adopt.githubEnvironment",
}


def windows(stack: Stack, locks: Sequence[Lock], state: State) -> list[Window]:
    """Return when updates ran that failed, since the last one that succeeded: that one made all that was missing.

    Args:
        stack: The stack.
        locks: Those that killed updates left, of which a backend keeps no other record.
        state: The state that these left.

    Raises:
        RecoveryError: The backend does not say.
    """
    done = stack.pulumi("stack", "history", "--json", "--page-size", _HISTORY)
    if done.returncode != 0:
        raise RecoveryError(f"Reading the history of stack {stack.name}: {said(done)}")
    success = datetime.min.replace(tzinfo=UTC)
    found = []
    for update in json.loads(done.stdout or "[]"):
        # An import or a refresh, a recovery's among them, makes nothing; nor does `destroy`.
        if update["kind"] == "update" and update.get("endTime"):
            window = Window(moment(update["startTime"]), moment(update["endTime"]))
            if update["result"] == "succeeded":
                success = window.end
                break
            found.append(window)
    if state.written:
        found += [Window(moment(lock.since), moment(state.written)) for lock in locks if lock.since]
    return found + [window for window in recover_files.cut_updates(stack.name) if window.end > success]


def planned(stack: Stack) -> list[Operation]:
    """Return what the next update would create.

    Raises:
        RecoveryError: The program, or the engine, says what is wrong.
    """
    done = stack.pulumi("preview", "--json")
    known = credentials(os.environ)
    found = previews.read(stack.name, stdout=done.stdout, stderr=done.stderr, exit_code=done.returncode, secrets=known)
    if not found.complete:
        raise RecoveryError(
            f"Previewing stack {stack.name}, to learn what an update that failed may have made: "
            + "\n".join(found.errors)
            + f"\nWhat is listed above is done. Once that is mended, run `bin/recover {stack.name}` again."
        )
    steps = json.loads(done.stdout)["steps"]
    return [Operation("creating", step["newState"]) for step in steps if step["op"] == "create"]


def verdicts(stack: Stack, state: State, ran: Sequence[Window], operation: Operation) -> list[Verdict]:
    """Look whether something that is planned is there already, and whose it is; nothing is changed.

    Args:
        stack: The stack.
        state: Its state.
        ran: When updates ran that failed.
        operation: Its creation.

    Returns:
        Nothing where it is not there, or cannot stand in the way.

    Raises:
        RecoveryError: It cannot be told, or not by a program.
    """
    with clouds.explained():
        return list(_verdicts(stack, state, ran, operation))


def _verdicts(stack: Stack, state: State, ran: Sequence[Window], operation: Operation) -> Iterator[Verdict]:
    if operation.type == clouds.POLICY:
        # GitHub does not say when it was made. Where its environment is this stack's, so is what is in it, and a policy
        # is nothing but the pattern that the program asks for.
        if _has_environment(state, operation):
            found = verdict(stack, state, operation)
            yield from [found] if found.action == "import" else []
    elif operation.type == clouds.ACCOUNT_TOKEN:
        # However many there are: nobody has the value of one that was made in such an update.
        for token in unknown_tokens(stack, state, operation):
            yield from _judged(stack, state, ran, operation, token)
    elif operation.type in DATED:
        found = verdict(stack, state, operation)
        if found.action != "clear":
            yield from _judged(stack, state, ran, operation, found)


def _judged(
    stack: Stack, state: State, ran: Sequence[Window], operation: Operation, found: Verdict
) -> Iterator[Verdict]:
    at = made(stack, state, operation, found.identity)
    if at is None:
        return
    what = found.said or f"it is there as {found.identity}"
    when = f"{what}, made at {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    adopt = _ADOPT.get(operation.type, "there is no taking it over: rename it, or revoke it where nothing uses it")
    provider = operation.resource.get("provider", "").rpartition("::")[0]
    if not any(window.start - TOLERANCE <= at <= window.end + TOLERANCE for window in ran):
        yield Verdict(
            "leave", f"{when}, in no update of this stack that failed; left alone. Where it is yours: {adopt}"
        )
    elif found.action != "revoke" and not {provider, operation.resource.get("parent")} <= state.resources.keys():
        yield Verdict("leave", f"{when}; the state has not got what it belongs to, so Pulumi cannot import it: {adopt}")
    else:
        yield found._replace(action="revoke" if found.action == "revoke" else "import", said=when)


def _has_environment(state: State, policy: Operation) -> bool:
    place = [policy.inputs[name] for name in ("repository", "environment")]
    environments = (one for one in state.resources.values() if one.get("type") == clouds.ENVIRONMENT)
    return any([one["inputs"].get(name) for name in ("repository", "environment")] == place for one in environments)
