"""What the providers have in common: reaching flyctl, comparing property bags, waiting for an app just created."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

from pulumi.dynamic import CheckFailure, CheckResult, DiffResult, ReadResult, ResourceProvider
from pulumi.output import Unknown

from infra.providers.fly.errors import AppNotFoundError, RefusedError
from infra.providers.fly.flyctl import Flyctl, shared

Props: TypeAlias = dict[str, Any]
T = TypeVar("T")

APPEARANCE_SECONDS = 30.0
"""How long a new app may stay unknown to the next command; Fly.io spreads the news at its own pace."""


class FlyProvider(ResourceProvider):
    """Base of the providers. Their `check` and `diff`, all that a preview takes, run no flyctl."""

    # What is stored is a reference to the class: nothing secret, and a plan can show that it moved.
    serialize_as_secret_always = False

    @property
    def flyctl(self) -> Flyctl:
        """The process's one flyctl: no attribute of an instance, which would be stored in the state."""
        return shared()


def checked(inputs: Props, problems: Iterable[str | None]) -> CheckResult:
    """Return the result of a check: the inputs, and what is wrong with them.

    A failure names no property, because the engine would print that property's value.
    """
    return CheckResult(inputs, [CheckFailure("", problem) for problem in problems if problem])


def difference(olds: Props, news: Props, *, watched: Sequence[str], replacing: Sequence[str]) -> DiffResult:
    """Compare the old outputs with the new inputs.

    A changed `__provider` is a difference, so that the state is never left with a reference to code that has moved:
    refresh and destroy would fail. A value that is not known yet may change, but is no reason to announce a
    replacement.
    """
    changed = [key for key in ("__provider", *watched, *replacing) if olds.get(key) != news.get(key)]
    replaces = [key for key in changed if key in replacing and not isinstance(news.get(key), Unknown)]
    return DiffResult(changes=bool(changed), replaces=replaces)


def gone(flyctl: Flyctl, organization: str | None, *, app: str) -> ReadResult:
    """Return, for an app that is not found, that what belongs to it is no more.

    Args:
        flyctl: The process's flyctl.
        organization: The app's; None where it is not known: then nothing is looked at.
        app: The app's name.

    Raises:
        RefusedError: The token may not see the organization either: that is a wrong token, not a deleted app.
    """
    if organization is not None and organization not in flyctl.orgs_list():
        problem = f"FLY_API_TOKEN may see neither the app nor its organization {organization}"
        hint = "Use a token of that organization. If the app is gone, `pulumi state delete` forgets it."
        raise RefusedError("looking at it", problem, app=app, hint=hint)
    return ReadResult("", {})


def once_known(flyctl: Flyctl, call: Callable[[], T]) -> T:
    """Call, again and again for some seconds while the app is not found: it may just have been created."""
    deadline = flyctl.clock() + APPEARANCE_SECONDS
    while True:
        try:
            return call()
        except AppNotFoundError:
            if flyctl.clock() >= deadline:
                raise
        flyctl.sleep(3.0)
