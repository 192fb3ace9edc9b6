"""What to do next when a cloud refuses, or does not answer: said beside the provider's own words, which do not say it.

Fly.io's resources are our own, and their errors say it themselves.
"""

import re

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from infra.checks.credentials import CREDENTIALS, needs_of
from infra.config.settings import Settings
from infra.kinds import KINDS

# By their providers' packages.
_SERVICES = {found.config.partition(":")[0]: service for service, found in CREDENTIALS.items() if found.config}
# A number that stands alone, and is no port. Providers' errors share nothing but HTTP's status.
_STATUS = re.compile(r"(?<![\w.:-])[45]\d\d(?![\w.-])")
_VALUE = "{service} says which value it refuses: correct it in the stack's file, then {up}."
_STEPS = {
    **dict.fromkeys(("400", "422"), _VALUE),
    "401": "{service} does not accept {variable}. It takes {credential}. Then {up}.",
    "403": "{variable} may not do this. It takes {credential}. Then {up}.",
    "404": "It was deleted by hand, or {variable} may not see it. It takes {credential}. Then {again}.",
    "create 404": "What it belongs to does not exist, or {variable} may not see it. It takes {credential}. Then {up}.",
    "409": "{service} says what is in the way: mend that, then {up}.",
    "create 409": "It is there already: {look} shows it, and takes it over with --write. Then {up}. Or choose another "
    "name.",
    **dict.fromkeys(("423", "429"), "{service} is busy, or was asked too much: wait a minute, then {up}."),
    "create": "Whether it was made is not known: {look} finds out, then {up}.",
    "": "Whether it was done is not known: {again} looks first.",
}


def explain_failures(settings: Settings) -> None:
    """Follow every failure of a cloud's resource, of those registered from here on, by what to do next.

    An error hook says it: the engine calls it before the update ends. It never asks for a repetition, as the providers
    repeat what can be repeated.
    """
    if isinstance(get_monitor(), MockMonitor):
        return  # Pulumi's mocks serve no callbacks, and registering a hook fails

    def explain(failure: pulumi.ErrorHookArgs) -> bool:
        step = next_step(settings, failure.type, failure.failed_operation, failure.errors[0])
        pulumi.log.error(f"{failure.name}: {failure.failed_operation} failed. {step}")
        return False

    hooks = pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("next-step", explain)])

    def bind(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_.partition(":")[0] not in _SERVICES:
            return None
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(hooks=hooks))
        return pulumi.ResourceTransformationResult(args.props, opts)

    pulumi.runtime.register_stack_transformation(bind)


def next_step(settings: Settings, type_: str, operation: str, said: str) -> str:
    """Return what to do about a failed operation at Neon, Cloudflare or GitHub.

    A deletion may be `destroy`'s, so that no command is named for it.

    Args:
        settings: The stack's settings.
        type_: The resource's type token.
        operation: `create`, `update` or `delete`.
        said: The provider's error.
    """
    service, kind = _SERVICES[type_.partition(":")[0]], KINDS.get(type_)
    credential = CREDENTIALS[service]
    found = _STATUS.search(said)
    status = "409" if "already exist" in said else found[0] if found else ""  # GitHub answers 422 to some
    wanted = (f"{operation} {status}", status or operation, operation, "")
    adoptable = kind is not None and kind.adopt
    text = next(_STEPS[key] for key in wanted if key in _STEPS and (adoptable or key != "create 409"))
    return text.format(
        service=service,
        variable=credential.variables[-1],
        credential=credential.wanted(needs_of(settings)),
        up="the same command again" if operation == "delete" else f"`pulumi up -s {settings.stack}`",
        again=f"`pulumi up --refresh -s {settings.stack}`",
        look=f"`bin/adopt {settings.stack}`",
    )
