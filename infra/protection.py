"""Protect what a stack holds: from replacement, from `destroy`, and from every flag of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from infra.config.domains import all_of
from infra.config.rotation import storage_tokens
from infra.config.tiers import TIERS
from infra.kinds import ACCOUNT_TOKEN, BUCKET, ENVIRONMENT, FLY_APP, FLY_SECRETS, KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.config.settings import Settings
    from infra.states import State

_ADOPTED = "adopted"
_FIRST = {BUCKET.type: "bucket", FLY_APP.type: "fly-app", FLY_SECRETS.type: "fly-secrets"}
"""Logical name of the stack's own resource of a kind; settings add further ones."""


class Protection:
    """The stack's policy over every resource that is declared after it.

    In staging and production:

    - `destroy` is refused as a whole, whatever its flags: see `Guard`.
    - Resources with data are *protected*, in production also those that a running application needs. The engine
      refuses to replace them, and to delete them if they leave the program.
    - All of these are *retained*, with the bucket's tokens and the GitHub environment. If `--ignore-protect` makes the
      engine delete them, it only forgets them.

    In every tier, a resource that was once adopted is retained for good; an `Adopted` component remembers it.

    `unprotect: true` lifts all this; production's data, and resources that were adopted, stay retained.

    A setting can drop a token, a further bucket or app, or the GitHub environment; so they are retained and not
    protected.

    Attributes:
        adopted: Logical names of the resources that were adopted, now or by an earlier `up`.
    """

    def __init__(self, settings: Settings, before: State) -> None:
        """Lay the policy over the resources declared from here on.

        Args:
            settings: The stack's settings.
            before: The state that the last `up` left.
        """
        self._settings = settings
        self._superseded = frozenset(storage_tokens(settings)[:-1])
        self._before = before
        self._declared: dict[str, pulumi.Resource] = {}
        remembered = before[_ADOPTED].outputs.get("names", []) if _ADOPTED in before else []
        self.adopted = frozenset({name for name in remembered if name in before} | adopted_names(settings))
        if self.adopted:
            Adopted(self.adopted, protect=self._live and not settings.unprotect)
        pulumi.runtime.register_stack_transformation(self._apply)

    def guard(self) -> None:
        """Declare the guard after all other resources, and report the resources that left the program."""
        if self._live:
            Guard(list(self._declared.values()), protect=not self._settings.unprotect)
        gone = [
            (name, KINDS[recorded.type])
            for name, recorded in sorted(self._before.items())
            if name not in self._declared and recorded.type in KINDS
        ]
        if refused := ", ".join(name for name, kind in gone if self._protected(kind, name)):
            pulumi.log.warn(
                f"These resources left the program, and are still in the state: {refused}. `up` refuses to delete "
                "protected resources. To let the engine forget them, and leave them in their clouds:\n"
                f"  pulumi up --ignore-protect -s {self._settings.stack}"
            )
        if kept := ", ".join(name for name, kind in gone if self._left_behind(kind, name)):
            pulumi.log.info(
                f"No longer managed, and left in their clouds: {kept}. Once nothing uses them, delete them there"
            )
        if dropped := ", ".join(sorted(self.adopted - adopted_names(self._settings))):
            pulumi.log.info(
                "Adopted by an earlier `up`, so the engine never deletes them, although `adopt` no longer lists them: "
                f"{dropped}"
            )

    @property
    def _live(self) -> bool:
        return TIERS[self._settings.tier].kept

    def _apply(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        kind = KINDS.get(args.type_)
        if kind is None:
            return None
        self._declared[args.name] = args.resource
        opts = pulumi.ResourceOptions(
            protect=self._protected(kind, args.name) and not self._settings.unprotect,
            retain_on_delete=self._retained(kind, args.name),
        )
        return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, opts))

    def _protected(self, kind: Kind, name: str) -> bool:
        if not self._live or kind in (ACCOUNT_TOKEN, ENVIRONMENT) or name != _FIRST.get(kind.type, name):
            return False
        return kind.holds_data or (kind.needed and bool(kind.service) and self._settings.tier == "production")

    def _retained(self, kind: Kind, name: str) -> bool:
        if name in self.adopted or (kind is FLY_SECRETS and name.replace("secrets", "app", 1) in self.adopted):
            return True
        if self._settings.unprotect:
            return kind.holds_data and self._settings.tier == "production"
        return self._live and (kind.holds_data or kind.needed) and name not in self._superseded

    def _left_behind(self, kind: Kind, name: str) -> bool:
        """Return whether a resource that left the program stays in its cloud; the engine revokes a retired token."""
        retired = kind is ACCOUNT_TOKEN and self._settings.mints_storage_token
        return bool(kind.service) and not retired and self._retained(kind, name) and not self._protected(kind, name)


class Adopted(pulumi.ComponentResource):
    """Remember in the state which resources were adopted, so that a dropped `adopt` key changes nothing.

    It is protected like the guard: a refused `destroy` would otherwise forget it alone.
    """

    def __init__(self, names: Iterable[str], *, protect: bool) -> None:
        super().__init__("relay:infra:Adopted", _ADOPTED, opts=pulumi.ResourceOptions(protect=protect))
        self.register_outputs({"names": sorted(names)})


class Guard(pulumi.ComponentResource):
    """Make the engine refuse `destroy` as a whole: the guard is protected, and depends on every other resource.

    The engine deletes a resource's dependents first, and stops at a protected one, with any flag but
    `--ignore-protect`. Without the guard, `--exclude-protected` and `--skip-preview` delete the unprotected resources.
    """

    def __init__(self, resources: list[pulumi.Resource], *, protect: bool) -> None:
        opts = pulumi.ResourceOptions(protect=protect, depends_on=resources)
        super().__init__("relay:infra:Guard", "guard", opts=opts)
        self.register_outputs({})


def adopted_names(settings: Settings) -> frozenset[str]:
    """Return the logical names of the resources that `adopt` imports."""
    adopt, suffix = settings.adopt, settings.github_name("")
    by_key = {
        "neon-project": adopt.neon_project,
        "neon-endpoint": adopt.neon_endpoint,
        "pages-project": adopt.pages_project,
        "bucket": adopt.bucket,
        "fly-app": adopt.fly_app,
        "github-environment": adopt.github_environment,
        "deployment-policy": adopt.github_deployment_policy,
    }
    return frozenset(
        {
            *(name for name, identity in by_key.items() if identity),
            *(f"bucket-{name}" for name in adopt.extra_buckets),
            *(f"fly-app-{name}" for name in adopt.apps),
            *(f"variable-{name.removesuffix(suffix)}" for name in adopt.github_variables),
            *(
                f"{'certificate' if domain.role == 'api' else 'pages-domain'}-{domain.host}"
                for domain in all_of(settings.domains, settings.former_domains)
                if domain.host in adopt.domains and domain.role != "audio"
            ),
            *(f"record-{key.replace(' ', '-')}" for key in adopt.dns_records),
        }
    )
