"""List the defaults of each tier. A rule about a tier reads this table."""

from typing import Literal, NamedTuple

Tier = Literal["development", "preview", "staging", "production"]


class Defaults(NamedTuple):
    """The defaults of a tier; a row of the table names those that differ from a laptop's.

    Attributes:
        frontend: The frontend that users of the stack see: on a laptop, a preview of the Pages project, or its
            production.
        kept: The engine refuses `destroy`, and replaces no resource that holds data.
        previews_may_call: The API answers every preview of the Pages project.
        suspend_seconds: Idle time after which Neon suspends the database's compute; 0: never, where the plan allows.
        deploys_on: The event that deploys the backend. The text may name settings.
        deploys_from: The setting with the branches or tags that may deploy.
    """

    frontend: Literal["laptop", "preview", "production"]
    kept: bool = False
    previews_may_call: bool = False
    suspend_seconds: int = 300
    deploys_on: str = ""
    deploys_from: Literal["", "mainBranch", "releaseTags"] = ""


TIERS: dict[Tier, Defaults] = {
    "development": Defaults("laptop"),
    "preview": Defaults("preview", previews_may_call=True, deploys_on="push to a pull request"),
    "staging": Defaults(
        "preview", kept=True, previews_may_call=True, deploys_on="push to {main_branch}", deploys_from="mainBranch"
    ),
    "production": Defaults(
        "production",
        kept=True,
        suspend_seconds=0,
        deploys_on="published release ({release_tags})",
        deploys_from="releaseTags",
    ),
}
