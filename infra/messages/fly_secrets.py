"""List the secrets of the stack's Fly apps after every `up`, and refuse names that break the backend.

The resource's outputs show its last write or refresh. Since then a deployment, or a person, may have changed the app.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from infra import application

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.config.settings import Settings
    from infra.parts.backend import FlyApp
    from infra.providers.fly.answers import Secret


def advise_on_secrets(settings: Settings, app: str, found: FlyApp) -> None:
    """Log the staged and the foreign secrets of an app once Pulumi has written its own.

    Raises:
        pulumi.RunError: A foreign secret wins over a plain setting of the fly file, or breaks the backend.
    """
    own = app == settings.fly_app

    def look(_written: list[str]) -> None:
        from infra.providers.fly.answers import standing  # noqa: PLC0415  (loaded by the backend)
        from infra.providers.fly.errors import FlyError  # noqa: PLC0415

        try:
            listed = list_secrets(app)
        except FlyError as error:
            pulumi.log.warn(f"The secrets on Fly app {app} were not checked. {error}")
            return
        staged, foreign = standing(listed, managed=found.managed, kept=settings.adopt.keep if own else ())
        if staged:
            # An app that was never deployed has no machine that `secrets deploy` could restart.
            live = any(secret.deployed for secret in listed.values())
            now = f", or now: `flyctl secrets deploy -a {app}`" if live else "."
            pulumi.log.info(f"Staged on Fly app {app}: {', '.join(staged)}. Live from its next deploy{now}")
        if foreign:
            pulumi.log.info(f"Not managed here, left alone on Fly app {app}: {', '.join(foreign)}")
        if own:
            _require_harmless(settings, app, foreign)

    found.staged.apply(look)


def list_secrets(app: str) -> Mapping[str, Secret]:
    """Ask Fly.io for an app's secrets."""
    from infra.providers.fly.flyctl import Flyctl  # noqa: PLC0415  (only an `up` needs it)

    return Flyctl().secrets_list(app, sure=True)


def _require_harmless(settings: Settings, app: str, foreign: list[str]) -> None:
    problems = {name: problem for name in foreign if (problem := application.name_problem(settings, name))}
    if problems:
        raise pulumi.RunError(
            f"Fly app {app} has secrets set by hand that harm the backend. "
            + "".join(f"{name}: {problem}. " for name, problem in problems.items())
            + f"Remove them:\n  flyctl secrets unset {' '.join(problems)} -a {app}"
        )
