"""Describe one run of flyctl, and make errors that name its purpose."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from typing import TypeVar

from infra.providers.fly import errors
from infra.providers.fly.names import Rule

READ_TIMEOUT = 60.0
"""Seconds for a command that reads, or stages secrets."""
SLOW_TIMEOUT = 120.0
"""Seconds to create or destroy an app; `apps create` itself waits up to 60 s until Fly.io knows the app everywhere."""
ROLLOUT_TIMEOUT = 900.0
"""Seconds for a command that restarts machines, one after another, some 10 s each."""

T = TypeVar("T")


@dataclass(frozen=True, repr=False)  # a text of it would show the input
class Command:
    """A run of flyctl.

    Attributes:
        action: Its purpose in an error's words: "listing its secrets".
        argv: The subcommand and its arguments.
        app: The app it is about, or None.
        stdin: Its standard input.
        hidden: Secret texts of that input, which no error may show.
        timeout: Seconds it may take.
        writes: Whether it changes anything at Fly.io.
        repeats: Whether a second run does no harm.
    """

    action: str
    argv: Sequence[str]
    app: str | None = None
    _: KW_ONLY
    stdin: bytes = b""
    hidden: Collection[str] = ()
    timeout: float = READ_TIMEOUT
    writes: bool = False
    repeats: bool = True

    def failed(self, kind: type[errors.FlyError], problem: str, hint: str = "") -> errors.FlyError:
        """Return the error that names this command's purpose and app."""
        if self.writes and issubclass(kind, errors.OutcomeUnknownError):
            problem = f"{problem.rstrip('.')}; whether it took effect is unknown"
        return kind(self.action, problem, app=self.app, hint=hint)

    def require(self, rule: Rule, *words: str) -> None:
        """Refuse words that flyctl would misread.

        Raises:
            RefusedError: A word breaks the rule.
        """
        if problems := list(filter(None, map(rule.problem, words))):
            raise self.failed(errors.RefusedError, "; ".join(problems), "Nothing was sent to Fly.io.")

    def parsed(self, parse: Callable[[str], T], stdout: str) -> T:
        """Parse flyctl's output.

        Raises:
            UnexpectedAnswerError: The output has another form. The error has no cause, which might hold a token.
        """
        with suppress(AttributeError, KeyError, TypeError, ValueError):
            return parse(stdout)
        raise self.failed(errors.UnexpectedAnswerError, "flyctl's answer is not in the form of the tested version")
