"""Share between the providers: flyctl, the comparison of properties, the wait for a new app."""

import base64
import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pickletools import genops
from types import SimpleNamespace
from typing import Any, ClassVar, TypeAlias, TypeVar

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.output import Unknown

from infra.providers.fly.errors import AppNotFoundError, FlyError, RefusedError
from infra.providers.fly.flyctl import Flyctl

Props: TypeAlias = dict[str, Any]
T = TypeVar("T")

APPEARANCE_PAUSES = 10 * (3.0,)
"""Seconds to wait while Fly.io does not know a new app everywhere."""


class FlyProvider(ResourceProvider, ABC):
    """Base of the providers. A preview calls their `check` and `diff`, which run no flyctl.

    Attributes:
        flyctl: Shared by the whole process, so that its version is asked once and its locks hold. An attribute of an
            instance would be stored in the state.
        watched: Inputs whose change is an update.
        replacing: Inputs whose change is a replacement.
        found: Outputs that are no inputs: Fly.io's answers, and facts from the resource's creation.
    """

    # The state holds a reference to the class, which is no secret: a plan can show that it moved.
    serialize_as_secret_always = False
    flyctl: ClassVar[Flyctl] = Flyctl()
    watched: ClassVar[Sequence[str]] = ()
    replacing: ClassVar[Sequence[str]] = ()
    found: ClassVar[Sequence[str]] = ()

    def configure(self, req: ConfigureRequest) -> None:  # noqa: ARG002 -- the SDK names and passes it
        """Have this process answer an error of ours with its message, without a traceback.

        From 3.260.0 on the SDK answers with `traceback.format_exc()` (`pulumi/dynamic/__main__.py`), and offers no way
        to answer with a message alone. Only that module's own name `traceback` is replaced, in the provider's process.
        """
        server = sys.modules["__main__"]
        if getattr(server, "traceback", None) is traceback:
            server.traceback = SimpleNamespace(format_exc=message_alone)  # type: ignore[attr-defined]

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        """Compare the old outputs with the new inputs.

        A provider class that moved is a difference: the update records its new place, without which refresh and
        destroy would fail. An unknown value may change, but is no reason to announce a replacement.
        """
        changed = [key for key in (*self.watched, *self.replacing) if olds.get(key) != news.get(key)]
        moved = reference(olds.get("__provider")) != reference(news.get("__provider"))
        replaces = [key for key in changed if key in self.replacing and not isinstance(news.get(key), Unknown)]
        return DiffResult(changes=bool(changed) or moved, replaces=replaces)

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        """Record the new inputs, without flyctl."""
        return UpdateResult({**news, **{key: olds[key] for key in self.found if key in olds}})

    def drifted(self, id_: str, outs: Props) -> ReadResult:
        """Return outputs that differ from the state, as inputs too, so that the next plan shows the difference."""
        return ReadResult(id_, outs, {key: value for key, value in outs.items() if key not in self.found})

    def read(self, id_: str, props: Props) -> ReadResult:
        """Read the resource. If its app is gone, so is the resource.

        Raises:
            RefusedError: See `accept_gone`.
        """
        try:
            return self.look(id_, props)
        except AppNotFoundError as error:
            self.accept_gone(error, props)
            return ReadResult("", {})

    @abstractmethod
    def look(self, id_: str, props: Props) -> ReadResult:
        """Return the resource as Fly.io has it.

        Raises:
            AppNotFoundError: Its app is not found.
        """

    def accept_gone(self, error: AppNotFoundError, props: Props) -> None:
        """Accept that an app is gone.

        Raises:
            RefusedError: The token may not see the organization either. It is the wrong token, and nothing is gone.
        """
        organization = props.get("organization")  # absent from the states of older versions
        if organization is not None and organization not in self.flyctl.orgs_list():
            problem = f"FLY_API_TOKEN may see neither the app nor its organization {organization}"
            hint = "Use a token of that organization. If the app is gone, `pulumi state delete` forgets it."
            raise RefusedError("looking at it", problem, app=error.app, hint=hint) from None

    def once_known(self, call: Callable[[], T]) -> T:
        """Call repeatedly, for some seconds, while an app that may be new is not found."""
        for pause in APPEARANCE_PAUSES:
            with suppress(AppNotFoundError):
                return call()
            self.flyctl.sleep(pause)
        return call()


def reference(provider: object) -> object:
    """Return the operations of a stored provider's pickle, which name its module and class.

    The bytes themselves differ between Python versions: up to 3.13 they are of pickle's protocol 4, from 3.14 on of 5.
    This function runs no pickle.
    """
    try:
        operations = list(genops(base64.b64decode(str(provider), validate=True)))
    except ValueError:
        return provider
    return [(code.name, argument) for code, argument, _ in operations if code.name not in {"PROTO", "FRAME"}]


def message_alone() -> str:
    """Return the message of the error being handled; its traceback, if it is no error of ours."""
    error = sys.exception()
    return str(error) if isinstance(error, FlyError) else traceback.format_exc()


def checked(inputs: Props, problems: Iterable[str | None]) -> CheckResult:
    """Return the result of a check: the inputs, and their problems.

    A failure names no property, because the engine would print that property's value.
    """
    return CheckResult(inputs, [CheckFailure("", problem) for problem in problems if problem])


def refuse_adopted(action: str, props: Props, *, app: str) -> None:
    """Refuse to delete an adopted app or its secrets.

    Raises:
        RefusedError: The app was adopted.
    """
    if props["adopted"]:
        hint = "Set `adopt.flyApp` and run `pulumi up` to leave it as it is, or forget it: `pulumi state delete URN`."
        raise RefusedError(action, "the app was adopted, not created, by this stack", app=app, hint=hint)


def refuse_any(names: Iterable[str], action: str, problem: str, *, app: str, hint: str) -> None:
    """Refuse to go on if there are names with this problem.

    Raises:
        RefusedError: There are such names. The error lists them.
    """
    if listed := ", ".join(sorted(names)):
        raise RefusedError(action, f"{problem}: {listed}", app=app, hint=hint)
