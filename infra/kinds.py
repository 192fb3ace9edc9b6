"""List the kinds of resources: whether they hold data, how Pulumi imports them, whether a repeated creation does harm.

A new kind is one row here; protection, messages, duplicates, recovery and adoption read it. This module imports no
provider's SDK and no HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERVICES = {"neon": "Neon", "cloudflare": "Cloudflare", "github": "GitHub", "fly": "Fly.io"}
_OVERWRITES = "making it again overwrites it"
_STATE_ALONE = "it exists in the state alone"


class Kind(NamedTuple):
    """A kind of resource.

    Attributes:
        type: Its type token.
        title: Its name in messages, as "Neon project".
        service: The service that keeps it, a key of `infra.checks.credentials.CREDENTIALS`; empty for the state alone.
        holds_data: Its loss takes data that another `up` cannot restore.
        needed: A running application stops working without it.
        adopt: The keys under `adopt` that take over an existing one; empty where Pulumi cannot import it.
        name: The input that holds its name at the service, for a reader.
        identity: The parts of its import id: names of inputs, or `id` for the id that the service gave it.
        defaults: What the service takes for an input that the program leaves out.
        again: Why a repeated creation does no harm; empty where it makes a second resource, or the service refuses it.
    """

    type: str
    title: str
    service: str = ""
    holds_data: bool = False
    needed: bool = False
    adopt: tuple[str, ...] = ()
    name: str = ""
    identity: tuple[str, ...] = ()
    defaults: Mapping[str, str] = {}
    again: str = ""

    @property
    def separator(self) -> str:
        """Return the sign between the parts of an import id; GitHub's provider writes a colon within a part as `??`."""
        return ":" if self.service == "GitHub" else "/"

    @property
    def named(self) -> bool:
        """Return whether the import id follows from the inputs."""
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


KINDS: dict[str, Kind] = {}
"""The kinds by type token."""


def _kind(resource: str, title: str, **facts: Any) -> Kind:
    """Enter a kind into the table, by its package and name: `neon:Project` is of type `neon:index/project:Project`."""
    package, name = resource.split(":")
    token = f"{package}:index/{name[0].lower()}{name[1:]}:{name}"
    if package == "fly":
        token = f"pulumi-python:dynamic/{resource}"
    kind = KINDS[token] = Kind(token, title, _SERVICES.get(package, ""), **facts)
    return kind


NEON_PROJECT = _kind(
    "neon:Project",
    "Neon project",
    holds_data=True,
    needed=True,
    adopt=("neonProject",),
    name="name",
    identity=("id",),
)
NEON_BRANCH = _kind("neon:Branch", "Neon branch", needed=True, name="name", identity=("projectId", "id"))
NEON_ENDPOINT = _kind(
    "neon:Endpoint", "Neon compute", needed=True, adopt=("neonEndpoint",), identity=("projectId", "id")
)
BUCKET = _kind(
    "cloudflare:R2Bucket",
    "R2 bucket",
    holds_data=True,
    needed=True,
    adopt=("bucket", "extraBuckets"),
    name="name",
    identity=("accountId", "name", "jurisdiction"),
    defaults={"jurisdiction": "default"},
)
BUCKET_CORS = _kind("cloudflare:R2BucketCors", "CORS rules of an R2 bucket", needed=True, again=_OVERWRITES)
BUCKET_DOMAIN = _kind("cloudflare:R2ManagedDomain", "public address of an R2 bucket", needed=True, again=_OVERWRITES)
ACCOUNT_TOKEN = _kind("cloudflare:AccountToken", "Cloudflare account token", needed=True, name="name")
PAGES_PROJECT = _kind(
    "cloudflare:PagesProject",
    "Pages project",
    needed=True,
    adopt=("pagesProject",),
    name="name",
    identity=("accountId", "name"),
)
ENVIRONMENT = _kind(
    "github:RepositoryEnvironment",
    "GitHub environment",
    holds_data=True,  # people set secrets of their own in it
    adopt=("githubEnvironment",),
    name="environment",
    identity=("repository", "environment"),
    again=_OVERWRITES,
)
DEPLOYMENT_POLICY = _kind(
    "github:RepositoryEnvironmentDeploymentPolicy",
    "deployment policy of a GitHub environment",
    adopt=("githubDeploymentPolicy",),
    identity=("repository", "environment", "id"),
)
VARIABLE = _kind(
    "github:ActionsVariable",
    "GitHub variable",
    adopt=("githubVariables",),
    name="variableName",
    identity=("repository", "variableName"),
)
ENVIRONMENT_VARIABLE = _kind(
    "github:ActionsEnvironmentVariable",
    "variable of a GitHub environment",
    adopt=("githubVariables",),
    name="variableName",
    identity=("repository", "environment", "variableName"),
)
SECRET = _kind(
    "github:ActionsSecret",
    "GitHub secret",
    name="secretName",
    identity=("repository", "secretName"),
    again=_OVERWRITES,
)
ENVIRONMENT_SECRET = _kind(
    "github:ActionsEnvironmentSecret",
    "secret of a GitHub environment",
    name="secretName",
    identity=("repository", "environment", "secretName"),
    again=_OVERWRITES,
)
FLY_APP = _kind(
    "fly:App",
    "Fly app",
    needed=True,
    adopt=("flyApp",),
    name="name",
    again="making it looks first, and imports an app that was made and never used",
)
FLY_SECRETS = _kind("fly:Secrets", "secrets of a Fly app", needed=True, again="making it sets them again")
FLY_TOKEN = _kind(
    "fly:DeployToken", "deploy token of a Fly app", again="making it first revokes what an interrupted `up` left"
)
# It holds no data, and `up` makes it again in minutes: production too deletes it once its name leaves the settings.
CERTIFICATE = _kind("fly:Certificate", "certificate of a Fly app", name="hostname", again="making it looks first")
DNS_RECORD = _kind("cloudflare:DnsRecord", "DNS record", adopt=("dnsRecords",), name="name", identity=("zoneId", "id"))
PAGES_DOMAIN = _kind(
    "cloudflare:PagesDomain",
    "domain of a Pages project",
    adopt=("domains",),
    name="name",
    identity=("accountId", "projectName", "name"),
)
# Pulumi cannot import it.
BUCKET_CUSTOM_DOMAIN = _kind("cloudflare:R2CustomDomain", "domain of an R2 bucket", name="domain", identity=("domain",))
RANDOM_PASSWORD = _kind("random:RandomPassword", "random key", needed=True, again=_STATE_ALONE)
_PROVIDER = "pulumi:providers:github"
KINDS[_PROVIDER] = Kind(_PROVIDER, "GitHub provider", again=_STATE_ALONE)
