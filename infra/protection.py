"""What `destroy` and a replacement may not touch: a policy of the stack, laid over every resource in one place."""

import pulumi

from infra.config.rotation import DEPLOY_TOKEN, OAUTH_KEY, storage_tokens
from infra.config.settings import Settings

DATA = frozenset({"neon:index/project:Project", "cloudflare:index/r2Bucket:R2Bucket"})
"""Types whose loss cannot be made good by another `up`."""

_FLY_SECRETS = "pulumi-python:dynamic/fly:Secrets"


def apply_policy(settings: Settings) -> None:
    """Protect what is registered from here on, by the stack's tier.

    - production: everything is protected, and data stays in its cloud even when a resource leaves the program. Old
      slots (`infra.config.rotation`) are protected only by what depends on them, so that they can be retired.
    - staging: data is protected.
    - development: nothing is protected.
    - everywhere: what was adopted stays in its cloud, an app with its secrets.

    `unprotect: true` is the one escape: it lifts protection, yet data of production and what was
    adopted still stay in their clouds.
    """
    replaceable = {OAUTH_KEY.resource, DEPLOY_TOKEN.resource, *storage_tokens(settings)[:-1]}

    def policy(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if isinstance(args.resource, pulumi.ComponentResource):
            return None
        production, data = settings.tier == "production", args.type_ in DATA
        guarded = (production and args.name not in replaceable) or (settings.tier == "staging" and data)
        adopted = args.opts.import_ is not None or args.props.get("adopt") is True
        adopted |= args.type_ == _FLY_SECRETS and settings.adopt.fly_app is not None
        opts = pulumi.ResourceOptions(
            protect=guarded and not settings.unprotect, retain_on_delete=adopted or (production and data)
        )
        return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, opts))

    pulumi.runtime.register_stack_transformation(policy)
