"""List each kind of resource that the program makes: what it holds, how Pulumi imports it, what a repetition does.

A new kind is one row here; protection, messages, duplicates, recovery and adoption read it. Import costs nothing here:
no provider's SDK and no HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_OVERWRITES = "making it again overwrites it"
_LOOKS_FIRST = "making it looks first"
_IN_PROJECT = ("projectId", "id")
_STATE_ALONE = "it exists in the state alone"


class Kind(NamedTuple):
    """A kind of resource.

    Attributes:
        type: Its type token.
        title: Its name in messages, as "Neon project".
        service: The service that keeps it, a key of `infra.checks.credentials.CREDENTIALS`; empty for the state alone.
        holds_data: Another `up` cannot restore what its loss takes.
        needed: A running application stops working without it.
        adopt: The keys under `adopt` that take over an existing one; empty where Pulumi cannot import it.
        name: The input that its service knows it by, for a reader.
        identity: The parts of its import id: names of inputs, or `id` for the id that the service gave it.
        separator: What joins those parts; GitHub's provider wants a colon inside a part written as `??`.
        defaults: What the service takes for an input that the program leaves out.
        repeats: The service accepts its name twice, so that a lost answer can leave two.
        again: Why creating it once more does no harm; empty where that could make a second or is refused.
    """

    type: str
    title: str
    service: str = ""
    holds_data: bool = False
    needed: bool = False
    adopt: tuple[str, ...] = ()
    name: str = ""
    identity: tuple[str, ...] = ()
    separator: str = "/"
    defaults: Mapping[str, str] = {}
    repeats: bool = False
    again: str = ""

    @property
    def named(self) -> bool:
        """Whether its import id follows from its inputs."""
        return bool(self.identity) and "id" not in self.identity

    def import_id(self, inputs: Mapping[str, Any], identity: str = "") -> str:
        """Return the id that Pulumi imports a resource of this kind by.

        Args:
            inputs: The resource's inputs, as Pulumi names them.
            identity: The id that its service gave it, where that is a part.

        Raises:
            KeyError: An input that is a part is missing.
        """
        facts = {**self.defaults, **inputs, "id": identity}
        return self.separator.join(str(facts[part]).replace(":", "??") for part in self.identity)


NEON_PROJECT = Kind(
    "neon:index/project:Project",
    "Neon project",
    "Neon",
    holds_data=True,
    needed=True,
    adopt=("neonProject",),
    name="name",
    identity=("id",),
    repeats=True,
)
NEON_ENDPOINT = Kind(
    "neon:index/endpoint:Endpoint", "Neon compute", "Neon", needed=True, adopt=("neonEndpoint",), identity=_IN_PROJECT
)
NEON_BRANCH = NEON_ENDPOINT._replace(type="neon:index/branch:Branch", title="Neon branch", adopt=(), name="name")
BUCKET = Kind(
    "cloudflare:index/r2Bucket:R2Bucket",
    "R2 bucket",
    "Cloudflare",
    holds_data=True,
    needed=True,
    adopt=("bucket", "extraBuckets"),
    name="name",
    identity=("accountId", "name", "jurisdiction"),
    defaults={"jurisdiction": "default"},
)
BUCKET_CORS = Kind(
    "cloudflare:index/r2BucketCors:R2BucketCors",
    "CORS rules of an R2 bucket",
    "Cloudflare",
    needed=True,
    again=_OVERWRITES,
)
BUCKET_DOMAIN = Kind(
    "cloudflare:index/r2ManagedDomain:R2ManagedDomain",
    "public address of an R2 bucket",
    "Cloudflare",
    needed=True,
    again=_OVERWRITES,
)
ACCOUNT_TOKEN = Kind(
    "cloudflare:index/accountToken:AccountToken",
    "Cloudflare account token",
    "Cloudflare",
    needed=True,
    name="name",
    repeats=True,
)
PAGES_PROJECT = Kind(
    "cloudflare:index/pagesProject:PagesProject",
    "Pages project",
    "Cloudflare",
    needed=True,
    adopt=("pagesProject",),
    name="name",
    identity=("accountId", "name"),
)
ENVIRONMENT = Kind(
    "github:index/repositoryEnvironment:RepositoryEnvironment",
    "GitHub environment",
    "GitHub",
    holds_data=True,  # people set secrets of their own in it
    adopt=("githubEnvironment",),
    name="environment",
    identity=("repository", "environment"),
    separator=":",
    again=_OVERWRITES,
)
DEPLOYMENT_POLICY = Kind(
    "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy",
    "deployment policy of a GitHub environment",
    "GitHub",
    adopt=("githubDeploymentPolicy",),
    identity=("repository", "environment", "id"),
    separator=":",
)
VARIABLE = Kind(
    "github:index/actionsVariable:ActionsVariable",
    "GitHub variable",
    "GitHub",
    adopt=("githubVariables",),
    name="variableName",
    identity=("repository", "variableName"),
    separator=":",
)
ENVIRONMENT_VARIABLE = VARIABLE._replace(
    type="github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable",
    title="variable of a GitHub environment",
    identity=("repository", "environment", "variableName"),
)
SECRET = Kind(
    "github:index/actionsSecret:ActionsSecret",
    "GitHub secret",
    "GitHub",
    name="secretName",
    identity=("repository", "secretName"),
    separator=":",
    again=_OVERWRITES,
)
ENVIRONMENT_SECRET = SECRET._replace(
    type="github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret",
    title="secret of a GitHub environment",
    identity=("repository", "environment", "secretName"),
)
FLY_APP = Kind(
    "pulumi-python:dynamic/fly:App",
    "Fly app",
    "Fly.io",
    needed=True,
    adopt=("flyApp",),
    name="name",
    again="making it looks first, and takes over an app that was made and not used",
)
FLY_SECRETS = Kind(
    "pulumi-python:dynamic/fly:Secrets",
    "secrets of a Fly app",
    "Fly.io",
    needed=True,
    again="making it sets them again",
)
FLY_TOKEN = Kind(
    "pulumi-python:dynamic/fly:DeployToken",
    "deploy token of a Fly app",
    "Fly.io",
    again="making it first revokes what an interrupted `up` left",
)
# Without data, and made again in minutes: a name that leaves the settings is let go, in production too.
CERTIFICATE = Kind(
    "pulumi-python:dynamic/fly:Certificate", "certificate of a Fly app", "Fly.io", name="hostname", again=_LOOKS_FIRST
)
DNS_RECORD = Kind(
    "cloudflare:index/dnsRecord:DnsRecord",
    "DNS record",
    "Cloudflare",
    adopt=("dnsRecords",),
    name="name",
    identity=("zoneId", "id"),
)
PAGES_DOMAIN = DNS_RECORD._replace(
    type="cloudflare:index/pagesDomain:PagesDomain",
    title="domain of a Pages project",
    adopt=("domains",),
    identity=("accountId", "projectName", "name"),
)
_BUCKET_DOMAIN = ("cloudflare:index/r2CustomDomain:R2CustomDomain", "domain of an R2 bucket", "Cloudflare")
BUCKET_CUSTOM_DOMAIN = Kind(*_BUCKET_DOMAIN, name="domain", identity=("domain",))  # Pulumi cannot import it
RANDOM_PASSWORD = Kind("random:index/randomPassword:RandomPassword", "random key", needed=True, again=_STATE_ALONE)
GITHUB_PROVIDER = Kind("pulumi:providers:github", "GitHub provider", again=_STATE_ALONE)

KINDS = {
    kind.type: kind
    for kind in (
        NEON_PROJECT,
        NEON_BRANCH,
        NEON_ENDPOINT,
        BUCKET,
        BUCKET_CORS,
        BUCKET_DOMAIN,
        ACCOUNT_TOKEN,
        PAGES_PROJECT,
        ENVIRONMENT,
        DEPLOYMENT_POLICY,
        VARIABLE,
        ENVIRONMENT_VARIABLE,
        SECRET,
        ENVIRONMENT_SECRET,
        FLY_APP,
        FLY_SECRETS,
        FLY_TOKEN,
        CERTIFICATE,
        DNS_RECORD,
        PAGES_DOMAIN,
        BUCKET_CUSTOM_DOMAIN,
        RANDOM_PASSWORD,
        GITHUB_PROVIDER,
    )
}
"""The kinds by type token."""
