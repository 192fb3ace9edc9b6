"""Creations whose answer was lost: what an update that failed had made all the same.

The cloud did what it was asked and answered with an error, or nothing. Pulumi then forgets the creation, and the next
update finds the thing in its way. It is this stack's where it was made while an update of this stack ran that failed.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ops import stacks
from ops.preview import reader as previews
from ops.recovery import clouds
from ops.recovery import files as recover_files
from ops.recovery.dates import DATED, made
from ops.recovery.found import Operation, RecoveryError, Window, moment
from ops.recovery.looks import Verdict, unknown_tokens, verdict
from ops.recovery.stack import said
from ops.redact import credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ops.recovery.found import Lock, State
    from ops.recovery.stack import Stack

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


class Past(NamedTuple):
    """A stack's updates since the last one that succeeded: that one made all that was missing.

    Attributes:
        failed: When those ran that failed.
        cut: Since when, and until when, those ran whose state a full disk cut short.
        unread: Whether the clouds were not read since one of the latter.
    """

    failed: list[Window]
    cut: list[Window]
    unread: bool

    def ran(self, locks: Sequence[Lock], state: State) -> list[Window]:
        """Return when updates ran that did not come to their end.

        Args:
            locks: Those that killed updates left, of which a backend may keep no other record.
            state: The state that these left.
        """
        killed = [Window(moment(lock.since), moment(state.written)) for lock in locks if lock.since and state.written]
        return self.failed + self.cut + killed


def past(stack: Stack) -> Past:
    """Return what the backend recorded of a stack's updates.

    Raises:
        RecoveryError: It does not say.
    """
    command = ("stack", "history", "--json", "--page-size", _HISTORY)
    done = stack.pulumi(*command)
    if done.returncode != 0 and recover_files.mend_history(stack.name):
        done = stack.pulumi(*command)
    if done.returncode != 0:
        raise RecoveryError(f"Reading the history of stack {stack.name}: {said(done)}")
    success = refreshed = datetime.min.replace(tzinfo=UTC)
    failed = []
    for update in stacks.document(done) if done.stdout.strip() else ():
        if not update.get("endTime"):
            continue
        window = Window(moment(update["startTime"]), moment(update["endTime"]))
        succeeded = update["result"] == "succeeded"
        if update["kind"] == "refresh" and succeeded:
            refreshed = max(refreshed, window.end)
        if update["kind"] != "update":  # an import, a refresh, `destroy`: they make nothing
            continue
        if succeeded:
            success = window.end
            break
        failed.append(window)
    cut = [window for window in recover_files.cut_updates(stack.name) if window.end > success]
    return Past(failed, cut, any(window.end > refreshed for window in cut))


def planned(stack: Stack) -> list[Operation]:
    """Return what the next update would create; providers and components are among it.

    Raises:
        RecoveryError: The program, or the engine, says what is wrong.
    """
    done = stack.pulumi("preview", "--json")
    known = credentials(os.environ)
    found = previews.read(stack.name, stdout=done.stdout, stderr=done.stderr, exit_code=done.returncode, secrets=known)
    if not found.complete:
        problems = "\n".join(found.errors)
        raise RecoveryError(
            f"Previewing stack {stack.name}, to learn what an update that failed may have made: {problems}\n"
            f"Beyond what is told above nothing was changed. Once that is mended, run `bin/recover {stack.name}` again."
        )
    steps = stacks.document(done).get("steps") or []
    return [Operation("creating", step["newState"]) for step in steps if step["op"] == "create"]


class Search(NamedTuple):
    """A search for what updates that failed had made.

    Attributes:
        stack: The stack.
        state: Its state.
        ran: When they ran.
        planned: What the next update would create.
    """

    stack: Stack
    state: State
    ran: Sequence[Window]
    planned: Sequence[Operation]

    def verdicts(self, operation: Operation) -> list[Verdict]:
        """Look whether something that is planned is there already, and whose it is; nothing is changed.

        Returns:
            Nothing where it is not there, or cannot stand in the way.

        Raises:
            RecoveryError: It cannot be told, or not by a program.
        """
        with clouds.explained():
            return list(self._verdicts(operation))

    def _verdicts(self, operation: Operation) -> Iterator[Verdict]:
        if operation.type == clouds.POLICY:
            # GitHub does not say when it was made. Where its environment is this stack's, so is what is in it, and a
            # policy is nothing but the pattern that the program asks for.
            if self._has_environment(operation):
                found = verdict(self.stack, self.state, operation)
                yield from [found] if found.action == "import" else []
        elif operation.type == clouds.ACCOUNT_TOKEN:
            # However many there are: nobody has the value of one that was made in such an update.
            for token in unknown_tokens(self.stack, self.state, operation):
                yield from self._judged(operation, token)
        elif operation.type in DATED:
            found = verdict(self.stack, self.state, operation)
            if found.action != "clear":
                yield from self._judged(operation, found)

    def _judged(self, operation: Operation, found: Verdict) -> Iterator[Verdict]:
        """Yield the verdict on something, given what it would be if it were this stack's; nothing where it is gone."""
        # A provider that is still to be made says whose repository it is, too.
        resources = {one.urn: one.resource for one in self.planned} | self.state.resources
        at = made(self.stack, self.state._replace(resources=resources), operation, found.identity)
        if at is None:
            return
        when = f"{found.said or f'it is there as {found.identity}'}, made at {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        adopt = _ADOPT.get(operation.type, "there is no taking it over: rename it, or revoke it where nothing uses it")
        belongs = {operation.resource.get("provider", "").rpartition("::")[0], operation.resource.get("parent")}
        if not any(window.start - TOLERANCE <= at <= window.end + TOLERANCE for window in self.ran):
            said = f"{when}, in no update of this stack that failed; left alone. Where it is yours: {adopt}"
            yield Verdict("leave", said)
        elif found.action == "revoke":
            yield found._replace(said=when)
        elif belongs <= self.state.resources.keys():
            yield found._replace(action="import", said=when)
        else:
            said = f"{when}; the state has not got what it belongs to, so Pulumi cannot import it: {adopt}"
            yield Verdict("leave", said)

    def _has_environment(self, policy: Operation) -> bool:
        place = [policy.inputs[name] for name in ("repository", "environment")]
        environments = (one for one in self.state.resources.values() if one.get("type") == clouds.ENVIRONMENT)
        return any([one["inputs"].get(name) for name in ("repository", "environment")] == place for one in environments)
