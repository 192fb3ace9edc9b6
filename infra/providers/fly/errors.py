"""What can go wrong with Fly.io, as types.

Pulumi shows nothing but the text of an exception, so the text carries everything: what was being done, to which
app, what was answered (already redacted), and what to do next.
"""


class FlyError(Exception):
    """Something about Fly.io failed.

    Attributes:
        action: What was being done, as in "listing the secrets".
        app: Name of the app it was done to, or None where there is none.
        problem: What went wrong; holds no secret.
        hint: What to do next.
    """

    default_hint = "Run the same command again; if it fails again, look at the app with `flyctl status`."

    def __init__(self, action: str, problem: str, *, app: str | None = None, hint: str = "") -> None:
        self.action = action
        self.app = app
        self.problem = problem
        self.hint = hint or self.default_hint
        where = f"Fly app {app}" if app else "Fly.io"
        super().__init__(f"{where}: {action} failed: {problem.rstrip('.')}. {self.hint}")


class FlyctlMissingError(FlyError):
    """There is no flyctl to run."""

    default_hint = "Install flyctl (https://fly.io/docs/flyctl/install/) and put it on PATH."


class FlyctlTooOldError(FlyError):
    """flyctl is older than the oldest version this code was tested with."""

    default_hint = "Run `flyctl version update`, or install a newer flyctl."


class FlyAuthError(FlyError):
    """The token is missing, wrong, expired, or not allowed to do this."""

    default_hint = (
        "Set FLY_API_TOKEN (or FLY_ACCESS_TOKEN, which wins) to a token that may do this: "
        "`flyctl tokens create org` makes one for an organization."
    )


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


class TransientError(FlyError):
    """The network or the service failed. Whether a write took effect is unknown."""

    default_hint = "Run the same command again: it looks before it writes."


class FlyctlTimeoutError(FlyError):
    """flyctl took too long and was stopped. Whether a write took effect is unknown."""

    default_hint = "Check https://status.flyio.net and run the same command again: it looks before it writes."


class FlyctlStoppedError(FlyError):
    """Something ended flyctl, or it crashed. Whether a write took effect is unknown."""

    default_hint = "Run the same command again: it looks before it writes."


class FlyctlFailedError(FlyError):
    """flyctl failed in a way this code has no name for."""


class UnexpectedAnswerError(FlyError):
    """flyctl succeeded, but its answer is not what the tested version gives."""

    default_hint = "Compare `flyctl version` with the tested one (see the README); an update may have changed it."


class SecretFormatError(FlyError):
    """Secrets that flyctl cannot carry unaltered. Names them and shows no value."""

    default_hint = "Nothing was sent."


class RefusedError(FlyError):
    """This code refuses: going on could take over or lose what is not its own."""
