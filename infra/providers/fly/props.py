"""What the providers have in common: reaching flyctl, comparing property bags, waiting for an app just created."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, ClassVar, TypeAlias, TypeVar

from pulumi.dynamic import CheckFailure, CheckResult, DiffResult, ReadResult, ResourceProvider, UpdateResult
from pulumi.output import Unknown

from infra.providers.fly.errors import AppNotFoundError, RefusedError
from infra.providers.fly.flyctl import Flyctl

Props: TypeAlias = dict[str, Any]
T = TypeVar("T")

APPEARANCE_PAUSES = 10 * (3.0,)
"""Seconds to wait while a new app is unknown to the next command; Fly.io spreads the news at its own pace."""


class FlyProvider(ResourceProvider, ABC):
    """Base of the providers. Their `check` and `diff`, all that a preview takes, run no flyctl.

    Attributes:
        flyctl: The process's one, so that its version is asked once and its locks hold. No attribute of an instance,
            which would be stored in the state.
        watched: Inputs of which another value is an update.
        replacing: Inputs of which another value is another resource.
        found: Outputs that are no inputs: what Fly.io answered, or what was known only when the resource was made.
    """

    # What is stored is a reference to the class: nothing secret, and a plan can show that it moved.
    serialize_as_secret_always = False
    flyctl: ClassVar[Flyctl] = Flyctl()
    watched: ClassVar[Sequence[str]] = ()
    replacing: ClassVar[Sequence[str]] = ()
    found: ClassVar[Sequence[str]] = ()

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        """Compare the old outputs with the new inputs.

        A changed `__provider` is a difference, so that the state is never left with a reference to code that has
        moved: refresh and destroy would fail. A value that is not known yet may change, but is no reason to announce
        a replacement.
        """
        changed = [key for key in ("__provider", *self.watched, *self.replacing) if olds.get(key) != news.get(key)]
        replaces = [key for key in changed if key in self.replacing and not isinstance(news.get(key), Unknown)]
        return DiffResult(changes=bool(changed), replaces=replaces)

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        """Record the new inputs; Fly.io is not asked."""
        return UpdateResult({**news, **{key: olds[key] for key in self.found if key in olds}})

    def drifted(self, id_: str, outs: Props) -> ReadResult:
        """Return what was read where it is not what the state says: its inputs too, for the next plan to compare."""
        return ReadResult(id_, outs, {key: value for key, value in outs.items() if key not in self.found})

    def read(self, id_: str, props: Props) -> ReadResult:
        """Look at the resource; where its app is gone, so is what belongs to it.

        Raises:
            RefusedError: The token may not see the organization either: that is a wrong token, not a deleted app.
        """
        try:
            return self.look(id_, props)
        except AppNotFoundError as error:
            organization = props.get("organization")  # a state of before it was asked for has none
            if organization is not None and organization not in self.flyctl.orgs_list():
                problem = f"FLY_API_TOKEN may see neither the app nor its organization {organization}"
                hint = "Use a token of that organization. If the app is gone, `pulumi state delete` forgets it."
                raise RefusedError("looking at it", problem, app=error.app, hint=hint) from None
            return ReadResult("", {})

    @abstractmethod
    def look(self, id_: str, props: Props) -> ReadResult:
        """Return the resource as it is.

        Raises:
            AppNotFoundError: Its app is not found.
        """

    def once_known(self, call: Callable[[], T]) -> T:
        """Call, again and again for some seconds while the app is not found: it may just have been created."""
        for pause in APPEARANCE_PAUSES:
            with suppress(AppNotFoundError):
                return call()
            self.flyctl.sleep(pause)
        return call()


def checked(inputs: Props, problems: Iterable[str | None]) -> CheckResult:
    """Return the result of a check: the inputs, and what is wrong with them.

    A failure names no property, because the engine would print that property's value.
    """
    return CheckResult(inputs, [CheckFailure("", problem) for problem in problems if problem])


def refuse_adopted(action: str, props: Props, *, app: str) -> None:
    """Refuse to delete what existed before Pulumi, unless that was asked for in an earlier `up`.

    Raises:
        RefusedError: It is refused.
    """
    if props["adopted"] and not props["delete_adopted"]:
        hint = "Set `adopt.flyApp`, run `pulumi up`, and it is left as it is; or forget it: `pulumi state delete URN`."
        raise RefusedError(action, "the app was adopted, not created, by this stack", app=app, hint=hint)


def refuse_any(names: Iterable[str], action: str, problem: str, *, app: str, hint: str) -> None:
    """Refuse to go on where there are names to say a problem of.

    Raises:
        RefusedError: There are.
    """
    if listed := ", ".join(sorted(names)):
        raise RefusedError(action, f"{problem}: {listed}", app=app, hint=hint)
