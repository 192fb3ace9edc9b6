"""Add a next step to a provider's error, if the error's message or status implies one.

Fly.io's resources are this project's own, and their errors name the next step themselves.
"""

import re
import signal

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from infra.checks.credentials import CREDENTIALS, CURES, needs_of
from infra.config.settings import Settings
from infra.kinds import KINDS, NEON_PROJECT, Kind
from infra.states import State

_BUSY = "{service} is busy, or had too many requests: wait a minute, then {up}."
_LIMIT = (
    "This is a limit of the Neon plan, and Neon made nothing. Delete what is unused, or change the plan, then {up}."
)
# From reports of people who met them (GitHub issues of the providers). A status alone names a wrong cure for these.
_MESSAGES: dict[str, dict[str, str]] = {
    "GitHub": {
        r"rate limit": _BUSY,
        r"billing plan": "The repository's plan has no such rule. Take `approval` out or set githubScope to "
        "`repository`, or change the plan; then {up}.",
    },
    "Neon": {
        r"LIMIT_EXCEEDED|HTTP Code: 402": _LIMIT,
    },
    "Cloudflare": {
        r"\b8000011\b": "Install Cloudflare's GitHub app on the repository again (Workers & Pages), then {up}.",
        r"\b(8105[38]|8000018)\b": "The name is in use: {look} shows it, and takes it over with --write. Then {up}.",
        r'"code": ?1005\b': "The account has too many tokens: revoke unused tokens under Manage Account → Account API "
        "Tokens, then {up}.",
    },
}
_STATUS = re.compile(r"HTTP Code: ([45]\d\d)|: ([45]\d\d)(?: (?=[A-Z])|: )")
_LOST = re.compile(
    r"timeout|EOF|connection re(set|fused)|TLS handshake|deadline exceeded|GOAWAY|no such host|invalid character"
)
_STEPS = {
    "401": "{service} does not accept {variable}. It takes {credential}. Then {up}.",
    "403": "{variable} may not do this. It takes {credential}. Then {up}.",
    "404": "Somebody deleted it, or {variable} may not see it. It takes {credential}. Then {again}.",
    "create 404": "The object above it does not exist, or {variable} may not see it. It takes {credential}. Then {up}.",
    "create 409": "It exists already: {look} shows it, and takes it over with --write. Then {up}. Or choose another "
    "name.",
    **dict.fromkeys(("423", "429"), _BUSY),
    "create lost": "Nobody knows whether it was made: {look} finds out, then {up}.",
    "lost": "Nobody knows whether it was done: {again} looks first.",
}


def explain_failures(settings: Settings, before: State) -> None:
    """Add a next step to the failures of the resources that are declared from here on; refuse a second database.

    The engine calls an error hook before the update ends. The hook never asks for a repetition, because the providers
    repeat every call that they can. Another hook stops `--ignore-protect` from replacing the database by an empty one.

    Args:
        settings: The stack's settings.
        before: The state that the last `up` left.
    """
    if isinstance(get_monitor(), MockMonitor):
        return  # Pulumi's mocks serve no callbacks, and registering a hook fails

    def explain(failure: pulumi.ErrorHookArgs) -> bool:
        if step := next_step(settings, failure.type, failure.failed_operation, failure.errors[0]):
            pulumi.log.error(f"{failure.name}: {failure.failed_operation} failed. {step}")
        return False

    def refuse(_: pulumi.ResourceHookArgs) -> None:
        from infra.checks.duplicates import refuse_second  # noqa: PLC0415  (see `infra.clouds`)

        refuse_second(settings, before["neon-project"])

    _outlive_ctrl_c()
    hooks = pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("next-step", explain)])
    replaceable = settings.tier == "development" or settings.unprotect or "neon-project" not in before
    of_database = pulumi.ResourceHookBinding(
        before_create=None if replaceable else [pulumi.ResourceHook("no-second-database", refuse)],
        on_error=hooks.on_error,
    )

    def bind(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        kind = KINDS.get(args.type_)
        if kind is None or kind.service not in _MESSAGES:
            return None
        own = of_database if kind == NEON_PROJECT else hooks
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(hooks=own))
        return pulumi.ResourceTransformationResult(args.props, opts)

    pulumi.runtime.register_stack_transformation(bind)


def _outlive_ctrl_c() -> None:
    """Keep the program alive after Ctrl-C, because the engine still calls the hook for what it interrupts.

    Without the program the engine shows its own failure to call the hook instead of the provider's error. Once the
    engine has ended its side, the SDK ends the program with an error that says only this; nobody needs to read it.
    """
    log = pulumi.log.error
    ended = "Resource monitor has terminated, shutting down"
    pulumi.log.error = lambda text, *options, **named: None if text == ended else log(text, *options, **named)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def next_step(settings: Settings, type_: str, operation: str, said: str) -> str:
    """Return the next step after a failed operation at Neon, Cloudflare or GitHub; empty if the error says it all.

    The message counts before the status. A deletion may be part of `destroy`, so its step names no command.

    Args:
        settings: The stack's settings.
        type_: The resource's type token.
        operation: `create`, `update` or `delete`.
        said: The provider's error.
    """
    kind = KINDS[type_]
    service = kind.service
    credential = CREDENTIALS[service]
    messages = _MESSAGES[service] | {words: f"{cure}. Then {{up}}." for words, cure in CURES[service].items()}
    known = (step for pattern, step in messages.items() if re.search(pattern, said))
    return (next(known, "") or _by_status(kind, operation, said)).format(
        service=service,
        variable=credential.variables[-1],
        credential=credential.wanted(needs_of(settings)),
        up="the same command again" if operation == "delete" else f"`pulumi up -s {settings.stack}`",
        again=f"`pulumi up --refresh -s {settings.stack}`",
        look=f"`bin/adopt {settings.stack}`",
    )


def _by_status(kind: Kind, operation: str, said: str) -> str:
    """Return the step for the HTTP status, the only member that all providers' errors share."""
    found = _STATUS.search(said)
    status = (found[1] or found[2]) if found else ""
    if "already exist" in said:  # GitHub sometimes answers 422
        status = "409"
    if status.startswith("5") or (not status and _LOST.search(said)):
        status = "lost"
    if status == "409" and not kind.adopt:
        return ""
    return _STEPS.get(f"{operation} {status}") or _STEPS.get(status, "")
