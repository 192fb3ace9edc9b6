"""Check names and addresses whose rules the clouds would only enforce halfway through an `up`."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints

from infra.providers.fly.names import APP, HOST, ORGANIZATION, SECRET

FLY_REGIONS = frozenset(
    {
        *("ams", "arn", "bom", "cdg", "dfw", "ewr", "fra", "gru", "iad"),
        *("jnb", "lax", "lhr", "nrt", "ord", "sin", "sjc", "syd", "yyz"),
    }
)
"""Fly.io's regions (its documentation, 2026-09)."""

NEON_REGIONS = frozenset(
    {
        *("aws-us-east-1", "aws-us-east-2", "aws-us-west-2", "aws-sa-east-1"),
        *("aws-eu-central-1", "aws-eu-west-2", "aws-ap-southeast-1", "aws-ap-southeast-2"),
    }
)
"""Neon's regions (its documentation, 2026-09, which no longer supports Azure's)."""

STACK_NAME = r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?"
STACK_NAME_RULE = (
    "a stack's name has at most 40 lower-case letters, digits and inner hyphens, because it becomes part of the AT "
    "Protocol namespace and of names at GitHub and Fly.io"
)

_HOST = HOST.pattern
_REF = r"(?!.*(\.\.|//|@\{))[A-Za-z0-9_][A-Za-z0-9_./+-]*(?<![./])(?<!\.lock)"


def _matching(pattern: str, rule: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(rule)
        return value

    return AfterValidator(check)


def _visible(value: Any) -> Any:
    """Refuse control characters, and those that a reader cannot see, such as a zero-width space."""
    if isinstance(value, str) and not value.isprintable():
        raise ValueError("it has an invisible character; type it again")
    return value


def dotenv_problem(value: str) -> str | None:
    r"""Return why a dotenv file cannot carry a value, or None.

    Between single quotes, a shell takes every character as it is. python-dotenv and pydantic-settings replace
    `${NAME}`, unescape `\\` and `\'`, and read a carriage return as a line break (seen with python-dotenv 1.2.4).
    """
    if re.search(r"[\x00-\x1f'\\]|\$\{", value):
        return "has a control character, a line break, a single quote, a backslash or `${`, on which readers disagree"
    return None


def branch_alias(branch: str) -> str:
    """Return the alias that Cloudflare Pages gives a branch's preview; empty for a name of punctuation alone.

    In the lower-case name, each character outside a-z and 0-9 becomes a hyphen, and repeated hyphens stay. The first
    28 characters count, without hyphens at their ends (Cloudflare's staff in its forum; not in its documentation).
    """
    return re.sub(r"[^a-z0-9]", "-", branch.lower())[:28].strip("-")


_Visible = BeforeValidator(_visible)

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True), _Visible]
Secret = Annotated[SecretStr, Field(min_length=1)]  # a pipe into `pulumi config set` may be empty
StackName = Annotated[str, _matching(STACK_NAME, STACK_NAME_RULE)]
AppName = Annotated[str, _matching(*APP)]
OrganizationSlug = Annotated[str, _matching(*ORGANIZATION)]
SecretName = Annotated[str, _matching(*SECRET)]
BucketName = Annotated[
    str,
    _matching(
        r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
        "a bucket's name has 3 to 63 lower-case letters, digits and inner hyphens",
    ),
]
PagesName = Annotated[
    str, _matching(r"[a-z0-9]([a-z0-9-]{0,56}[a-z0-9])?", "a Pages project has lower-case letters, digits and hyphens")
]
FlyRegion = Annotated[str, _matching("|".join(FLY_REGIONS), f"Fly.io's regions are {', '.join(sorted(FLY_REGIONS))}")]
NeonRegion = Annotated[str, _matching("|".join(NEON_REGIONS), f"Neon's regions are {', '.join(sorted(NEON_REGIONS))}")]
Owner = Annotated[
    str, _matching(r"[A-Za-z0-9]([A-Za-z0-9-]{0,37}[A-Za-z0-9])?", "a GitHub name alone, no URL: `relay-music`")
]
Repository = Annotated[
    str, _matching(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}", "a repository's name alone, no URL and no owner: `relay`")
]
Branch = Annotated[str, _matching(_REF, "a branch has letters, digits, '_', '.', '+', '-' and inner slashes")]
TagPattern = Annotated[
    str,
    _matching(r"[A-Za-z0-9_.*?/+-]+", "a pattern of tag names as GitHub reads it, `v*`; it is no regular expression"),
]
Path = Annotated[str, _matching(r"/[A-Za-z0-9._~/-]*", "a path begins with a slash: `/client-metadata.json`")]
Folder = Annotated[
    str, _matching(r"(?!/)([A-Za-z0-9_.@+-]+(/(?!$)|$))*", "a folder of the repository, without a slash at its ends")
]
PagesMember = Annotated[
    str,
    _matching(
        r"(source|deploymentConfigs\.(preview|production))(\.\w+)*",
        "a member of Pages as Pulumi's preview names it: `source.config.owner`",
    ),
]
Host = Annotated[str, _matching(_HOST, "a host is lower case, with neither scheme nor slash: `relay-4i6.pages.dev`")]
WebUrl = Annotated[
    str,
    _matching(
        f"https://{_HOST}",
        "a URL is https, with a lower-case host and without a trailing slash: `https://api.example.com`",
    ),
]
# R2 matches one `*` in an origin (tried by its users: cloudflare-docs, issue 32888); R2's own page has no `*`.
Origin = Annotated[
    str,
    _matching(rf"https://(\*\.)?{_HOST}", "an origin is https and a lower-case host, whose first label may be `*`"),
]
EnvironmentName = Annotated[
    str,
    _matching(
        r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,254}", "a GitHub environment's name has letters, digits, ' ', '_', '.' and '-'"
    ),
]
