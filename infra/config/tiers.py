"""List what each tier means where a stack's configuration says nothing. A rule about a tier reads this table."""

from typing import Literal, NamedTuple

Tier = Literal["development", "preview", "staging", "production"]


class Defaults(NamedTuple):
    """The defaults of a tier.

    Attributes:
        frontend: The frontend that users of the stack see: on a laptop, a preview of the Pages project, or its
            production.
        kept: Its resources must be kept: the engine refuses `destroy`, and replaces nothing that holds data.
        previews_may_call: The API answers every preview of the Pages project.
        suspend_seconds: Idle time after which Neon suspends the database's compute; 0: never, where the plan allows.
        deploys_on: The event that deploys the backend. The text may name settings.
        deploys_from: The setting with the branches or tags that may deploy.
    """

    frontend: Literal["laptop", "preview", "production"]
    kept: bool
    previews_may_call: bool
    suspend_seconds: int
    deploys_on: str
    deploys_from: Literal["", "mainBranch", "releaseTags"]


TIERS: dict[Tier, Defaults] = {
    "development": Defaults(
        frontend="laptop",
        kept=False,
        previews_may_call=False,
        suspend_seconds=300,
        deploys_on="",
        deploys_from="",
    ),
    "preview": Defaults(
        frontend="preview",
        kept=False,
        previews_may_call=True,
        suspend_seconds=300,
        deploys_on="push to a pull request",
        deploys_from="",
    ),
    "staging": Defaults(
        frontend="preview",
        kept=True,
        previews_may_call=True,
        suspend_seconds=300,
        deploys_on="push to {main_branch}",
        deploys_from="mainBranch",
    ),
    "production": Defaults(
        frontend="production",
        kept=True,
        previews_may_call=False,
        suspend_seconds=0,
        deploys_on="published release ({release_tags})",
        deploys_from="releaseTags",
    ),
}
