"""Run the commands `secrets`.

Seen: their output, their errors and their silent losses (flyctl 0.4.87).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sandbox.flyctl import importer
from sandbox.flyctl.output import table
from sandbox.flyctl.run import FailureError, Run
from sandbox.world.fly import managed_machines, secret_status
from sandbox.world.store import Document

_STAGED = (
    "Secrets have been staged, but not set on VMs. "
    "Deploy or update machines in this app for the secrets to take effect."
)
_MARKS = {"Staged": "* ", "Partial": "! "}


def secrets_list(run: Run) -> None:
    """Print an app's secrets: names, digests, and how far they are deployed."""
    name = run.app()
    with run.request(f"/apps/{name}/secrets", prefix="failed to list app secrets: ", effect=True) as fly:
        app, secrets = fly.app(name), fly.secrets(name)
    listed = [(secret["name"], secret["digest"], secret_status(app, secret)) for secret in secrets.values()]
    documents = [{"name": n, "digest": d} | ({"status": status} if status else {}) for n, d, status in listed]
    rows = [(_MARKS.get(status or "", "") + n, d, status or "") for n, d, status in listed]
    run.show(documents, table("NAME|DIGEST|STATUS", rows))


def secrets_import(run: Run) -> None:
    """Set the secrets that standard input names."""
    name = _look_up(run)["name"]
    try:
        values = importer.parse(run.standard_input())
    except importer.InvalidLineError as error:
        hint = f"Secrets must be provided as NAME=VALUE pairs ({error} is invalid)"
        raise FailureError(f"Failed to parse secrets from stdin: {hint}") from None
    _write(run, name, values)


def secrets_set(run: Run) -> None:
    """Set the secrets that the arguments name; a value `-` is read from standard input, without blanks around it."""
    name, values = _look_up(run)["name"], {}
    for argument in run.arguments.positional:
        secret, separator, value = argument.partition("=")
        if not separator:
            raise FailureError(f"could not parse secrets: '{argument}': must be in the format NAME=VALUE")
        values[secret] = run.standard_input().decode("utf-8", "replace").strip() if value == "-" else value
    _write(run, name, values)


def secrets_unset(run: Run) -> None:
    """Unset secrets; one that is absent is no error."""
    _write(run, _look_up(run)["name"], dict.fromkeys(run.arguments.positional))


def secrets_deploy(run: Run) -> None:
    """Bring the staged secrets to the machines."""
    app = _look_up(run)
    if not (app["deployed"] and managed_machines(app)):
        reason = "'fly secrets deploy' will only work if the app has been deployed and there are machines available"
        raise FailureError(f"no machines available to deploy\n\n{reason}\nTry 'fly deploy' first")
    _roll_out(run, app["name"], effect=True)


def _look_up(run: Run) -> Document:
    """Return the app, which must be there: this comes before standard input is read."""
    name = run.app()
    with run.request() as fly:
        return fly.app(name)


def _write(run: Run, name: str, values: Mapping[str, str | None]) -> None:
    if not values:
        raise FailureError("requires at least one SECRET=VALUE pair")
    prefix = "update secrets: failed to update app secrets: "
    body = json.dumps({"values": values}, ensure_ascii=False)
    with run.request(f"/apps/{name}/secrets", prefix=prefix, effect=True, body=body) as fly:
        version = fly.write_secrets(name, values)
    run.remember_version(name, version)
    if "stage" in run.arguments.flags:
        print(_STAGED)
    else:
        _roll_out(run, name)


def _roll_out(run: Run, name: str, *, effect: bool = False) -> None:
    """Bring the secrets to the machines. A failure here comes after they were stored."""
    with run.request(f"/apps/{name}/machines", effect=effect) as fly:
        app = fly.app(name)
        machines = managed_machines(app)
        if machines:
            fly.release(name)
    if machines:
        print(f"Updating existing machines in '{name}' with rolling strategy")
        for n, machine in enumerate(machines, 1):
            print(f"✔ [{n}/{len(machines)}] Machine {machine['id']} [app] update succeeded")
    elif app["deployed"] or app["machines"]:
        raise FailureError("error loading appv2 config: could not create a fly.toml from any machines :-(")
    else:
        print("Secrets are staged for the first deployment")
