"""Errors about Fly.io.

Pulumi shows only the text of an exception. So the text names the action, the app, flyctl's answer (already redacted),
and the next step.
"""

from infra.errors import UserError
from infra.typed import as_typed

MINTING_HINT = (
    "Fly.io may refuse to let an organization's or an app's token make tokens. Make the deploy token as a person "
    "(`flyctl auth login`, then `flyctl tokens create deploy`), and set it as `flyDeployToken`."
)
"""The next step where a token may not mint another."""


class FlyError(UserError):
    """Something about Fly.io failed.

    Attributes:
        action: The purpose of the run, as in "listing the secrets".
        app: Name of the app concerned, or None.
        problem: The failure; holds no secret.
        hint: The next step.
    """

    default_hint = "Run the same command again; if it fails again, look at the app with `flyctl status`."

    def __init__(self, action: str, problem: str, *, app: str | None = None, hint: str = "") -> None:
        self.action = action
        self.app = app
        self.problem = problem
        self.hint = hint or self.default_hint
        where = f"Fly app {app}" if app else "Fly.io"
        super().__init__(as_typed(f"{where}: {action} failed: {problem.rstrip('.')}. {self.hint}"))


class FlyctlMissingError(FlyError):
    """flyctl cannot be run."""

    default_hint = "Install flyctl (https://fly.io/docs/flyctl/install/) and put it on PATH."


class FlyctlTooOldError(FlyError):
    """flyctl is older than the tested version."""

    default_hint = "Run `flyctl version update`, or install a newer flyctl."


class FlyAuthError(FlyError):
    """The token is missing, wrong, expired, or not allowed to do this."""

    default_hint = (
        "Set FLY_API_TOKEN (or FLY_ACCESS_TOKEN, which wins) to a token that may do this: "
        "`flyctl tokens create org` makes one for an organization."
    )


class AccountError(FlyError):
    """Fly.io wants a person to act first: payment, verification, a higher limit, or single sign-on."""

    default_hint = "Do that on https://fly.io/dashboard first, then run the same command again."


class AppNotFoundError(FlyError):
    """The app does not exist, or the token may not see it: Fly.io's answer is the same for both."""

    default_hint = "It does not exist, or FLY_API_TOKEN may not see it. If it was deleted, `pulumi refresh` notices it."


class AppNameTakenError(FlyError):
    """The name of the app belongs to somebody already."""

    default_hint = "App names are unique across all of Fly.io: choose another one."


class OrganizationNotFoundError(FlyError):
    """The organization does not exist, or the token may not see it."""

    default_hint = "`flyctl orgs list` shows the organizations the token may use, by their slug."


class ThrottledError(FlyError):
    """Fly.io asks for fewer requests."""

    default_hint = "Wait a minute, then run the same command again."


class OutcomeUnknownError(FlyError):
    """The failure does not say whether a write took effect."""

    default_hint = "Run the same command again: it looks before it writes."


class TransientError(OutcomeUnknownError):
    """The network or the service failed."""


class FlyctlTimeoutError(OutcomeUnknownError):
    """flyctl took too long and was stopped."""

    default_hint = "Check https://status.flyio.net and run the same command again: it looks before it writes."


class FlyctlStoppedError(OutcomeUnknownError):
    """Something ended flyctl, or it crashed."""


class FlyctlFailedError(FlyError):
    """flyctl failed, and its message has no known meaning."""


class UnexpectedAnswerError(FlyError):
    """flyctl succeeded, but its answer differs in form from the tested version's."""

    default_hint = "Compare `flyctl version` with the tested version (see the README); an update may have changed it."


class SecretFormatError(FlyError):
    """flyctl cannot carry these secrets unaltered. The message names them and shows no value."""

    default_hint = "Nothing was sent."


class RefusedError(FlyError):
    """The provider refuses: going on could overwrite or lose something that is not its own."""
