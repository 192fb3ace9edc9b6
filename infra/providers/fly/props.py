"""What the providers have in common: reaching flyctl, comparing property bags, waiting for an app just created."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

from pulumi.dynamic import CheckFailure, CheckResult, DiffResult, ResourceProvider
from pulumi.output import Unknown

from infra.providers.fly.errors import AppNotFoundError
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
