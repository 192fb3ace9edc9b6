"""Check a stack: its files, its place in the backend, its secrets, its credentials, and its Fly app."""

from __future__ import annotations

import importlib.util
import json
import os
from typing import TYPE_CHECKING, Any

from infra.checks.findings import Finding, Start
from ops import stacks
from ops.doctor import pulumi_cli

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from infra.config.settings import Settings


def check(name: str) -> Iterator[Finding]:
    """Check the needs of a real `pulumi up` of this stack, beyond the needs of every stack."""
    if importlib.util.find_spec("yaml") is None or importlib.util.find_spec("pulumi") is None:
        yield Finding("note", "configuration and credentials: known only after set-up", "bin/setup")
        return
    from infra.checks import preflight  # noqa: PLC0415  (needs what set-up installs)
    from infra.config import examples, load, stack_files  # noqa: PLC0415

    folder = stacks.folder()
    path = folder / f"Pulumi.{name}.yaml"
    if not path.exists():
        yield Finding("missing", path.name, "copy another stack's file and change it")
        return
    try:
        document = stack_files.load(path)
        if not document.get("config"):
            yield Finding("missing", f"{path.name} sets no key", "copy another stack's file over it and change it")
            return
        files = stack_files.read_stack_files(folder)
        settings, problems = load.examine_files(name, files)
    except stack_files.StackFileError as error:
        yield Finding("wrong", f"configuration: {error}")
        return
    yield from (Finding("wrong", f"configuration: {problem}") for problem in problems)
    if not problems:
        yield Finding("ok", "configuration (encrypted values are not checked)")
    yield from _in_the_backend(name, document)
    if not problems and "RELAY_SANDBOX" not in os.environ:
        yield from (Finding("wrong", *example) for example in examples.examples_in_use(settings, files))
    start = Start(settings, os.environ, _credentials(name, (document.get("config") or {}).keys()), lambda: _ids(name))
    yield from preflight.findings(start)
    yield from _live(name, start)


def live(name: str) -> tuple[Settings, list[Finding]]:
    """Return a stack's settings, and differences in its clouds that no Pulumi preview shows.

    Raises:
        StackFileError: A stack file cannot be read.
    """
    from infra.config import load, stack_files  # noqa: PLC0415  (needs what set-up installs)

    folder = stacks.folder()
    keys = (stack_files.load(folder / f"Pulumi.{name}.yaml").get("config") or {}).keys()
    settings, _ = load.examine_files(name, stack_files.read_stack_files(folder))
    return settings, [*_live(name, Start(settings, os.environ, _credentials(name, keys), lambda: _ids(name)))]


def _live(name: str, start: Start) -> Iterator[Finding]:
    from infra.checks import clients, domains, pages  # noqa: PLC0415  (needs what set-up installs)

    token = start.credentials.get("Cloudflare")
    cloudflare = clients.client("Cloudflare", token) if token else None
    if start.settings.manages("backend") and "Fly.io" in start.credentials:
        yield from _secrets_by_hand(name, start)
    if start.settings.manages("frontend") and cloudflare:
        yield from pages.check(start.settings, cloudflare)
    yield from domains.pending(start.settings, cloudflare)


def _in_the_backend(name: str, document: Mapping[str, Any]) -> Iterator[Finding]:
    """Check that the stack exists, and that its secrets can be decrypted."""
    url = pulumi_cli.backend()
    if url is None:
        return
    known = pulumi_cli.known_stacks()
    if known is None:
        problem = pulumi_cli.ask("stack", "ls", "--json")[1]
        yield Finding("wrong", f"stack {name}: the backend lists no stacks: {problem}")
    elif name in known:
        yield Finding("ok", f"stack {name} exists")
    else:
        yield Finding("missing", f"stack {name} does not exist", f"pulumi stack init {name}")
    provider = str(document.get("secretsprovider") or "passphrase")
    managed = url.startswith("http") and "encryptionsalt" not in document and "secretsprovider" not in document
    if managed or provider != "passphrase":
        yield Finding("ok", f"secrets: encrypted by {'the backend' if managed else provider}")
    elif {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & os.environ.keys():
        yield _passphrase(name, document)
    else:
        yield Finding(
            "missing",
            "passphrase: neither PULUMI_CONFIG_PASSPHRASE nor PULUMI_CONFIG_PASSPHRASE_FILE is set",
            "export PULUMI_CONFIG_PASSPHRASE: the passphrase that encrypts this stack",
        )


def _passphrase(name: str, document: Mapping[str, Any]) -> Finding:
    """Check that the passphrase opens the secrets in the stack's file."""
    if "encryptionsalt" in document and "secure" in json.dumps(document, default=str):
        problem = _decrypted(name)[1]
        if "incorrect passphrase" in problem:
            fix = "set PULUMI_CONFIG_PASSPHRASE to the passphrase with which this stack was made"
            return Finding("wrong", f"passphrase: not the one that Pulumi.{name}.yaml is encrypted with", fix)
        if not problem:
            return Finding("ok", f"passphrase, which opens Pulumi.{name}.yaml")
    return Finding("ok", "passphrase (not tried: the file has no secret, or the backend did not answer)")


def _decrypted(name: str) -> tuple[Any, str]:
    """Return the stack's decrypted configuration, or None and the reason."""
    return pulumi_cli.ask("config", "--show-secrets", "--json", "--stack", name)


def _credentials(name: str, configured: Collection[str]) -> dict[str, str | None]:
    """Return the credentials in the stack's file and in the environment, by service."""
    from infra.checks.credentials import CREDENTIALS  # noqa: PLC0415  (needs what set-up installs)

    found: dict[str, str | None] = {}
    for service, credential in CREDENTIALS.items():
        if credential.config in configured:
            found[service] = ((_decrypted(name)[0] or {}).get(credential.config) or {}).get("value")
        elif value := credential.in_environment(os.environ):
            found[service] = value
    return found


def _ids(name: str) -> dict[str, str] | None:
    """Return the ids in the stack's state by logical name; None if the state cannot be read."""
    try:
        found = pulumi_cli.resources(name)
    except stacks.StackError:
        return None
    return {resource["urn"].rpartition("::")[2]: str(resource.get("id") or "") for resource in found}


def _secrets_by_hand(name: str, start: Start) -> Iterator[Finding]:
    """Report the secrets on the stack's Fly app that neither the stack nor `adopt.keep` names."""
    from infra.kinds import FLY_SECRETS  # noqa: PLC0415  (needs what set-up installs)
    from infra.providers.fly.errors import FlyError  # noqa: PLC0415
    from infra.providers.fly.flyctl import Flyctl  # noqa: PLC0415

    app, keep = str(start.settings.fly_app), start.settings.adopt.keep
    try:
        every = (found for found in pulumi_cli.resources(name) if found["type"] == FLY_SECRETS.type)
        states = [found for found in every if found["outputs"].get("app") == app]
        if not states:
            return
        managed = {secret for state in states for secret in state["outputs"]["digests"]}
        foreign = Flyctl(environ=start.environ).secrets_list(app).keys() - managed - keep
    except (FlyError, stacks.StackError) as error:
        yield Finding("note", f"Not checked: secrets set by hand on Fly app {app}: {error}")
        return
    if foreign:
        yield Finding(
            "note",
            f"Fly app {app} has secrets that were set by hand: {', '.join(sorted(foreign))}",
            f"Set them under extraSecrets, name them under adopt.keep, or `flyctl secrets unset NAME -a {app}`",
        )
