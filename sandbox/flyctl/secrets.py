"""The commands `secrets`."""

from __future__ import annotations

import json
import os
import posixpath
import re
import stat
import sys
from typing import TYPE_CHECKING

from sandbox.clouds.errors import CloudError
from sandbox.clouds.fly import managed_machines, secret_status
from sandbox.flyctl import importer
from sandbox.flyctl.output import show, table
from sandbox.flyctl.run import FailureError

if TYPE_CHECKING:
    from sandbox.flyctl.run import Run

_STAGED = (
    "Secrets have been staged, but not set on VMs. "
    "Deploy or update machines in this app for the secrets to take effect."
)
_STDIN_LIMIT = 65_536  # bytes that `secrets set NAME=-` takes
_MARKS = {"Staged": "* ", "Partial": "! "}


def secrets_list(run: Run) -> None:
    """Print an app's secrets: names, digests, and how far they are deployed."""
    # The name goes into the path as it is, so that dots climb.
    path = posixpath.normpath(f"/v1/apps/{run.app()}/secrets")
    place = re.fullmatch(r"/v1/apps/([^/]+)/secrets", path)
    with run.request(path.removeprefix("/v1"), prefix="failed to list app secrets: ", effect=True) as fly:
        if place is None:
            raise CloudError(404, "404 page not found")
        app, secrets = fly.app(place[1]), fly.secrets(place[1])
    documents = []
    for name, secret in secrets.items():
        status = secret_status(app, secret)
        documents.append({"name": name, "digest": secret["digest"]} | ({"status": status} if status else {}))
    rows = [(_MARKS.get(d.get("status", ""), "") + d["name"], d["digest"], d.get("status", "")) for d in documents]
    text = table(("Name", "Digest", "Status"), rows)
    if waiting := sum(status != "Deployed" for _, _, status in rows):
        count = "is 1 secret" if waiting == 1 else f"are {waiting} secrets"
        text += f"\nThere {count} not deployed. Deploy with `fly secrets deploy` to make them available."
    show(run, documents, text)


def secrets_import(run: Run) -> None:
    """Set the secrets that standard input names."""
    name = _look_up(run)
    try:
        values = importer.parse(run.standard_input())
    except importer.InvalidLineError as error:
        hint = f"Secrets must be provided as NAME=VALUE pairs ({error} is invalid)"
        raise FailureError(f"Failed to parse secrets from stdin: {hint}") from None
    _write(run, name, dict(values))


def secrets_set(run: Run) -> None:
    """Set the secrets that the arguments name; `NAME=-` reads standard input."""
    name = _look_up(run)
    values: dict[str, str | None] = {}
    for pair in run.arguments.positional:
        key, equals, value = pair.partition("=")
        if not equals:
            raise FailureError(f"could not parse secrets: '{pair}': must be in the format NAME=VALUE")
        values[key] = value
    for key in [key for key, value in values.items() if value == "-"]:
        if stat.S_ISCHR(os.fstat(sys.stdin.fileno()).st_mode):
            raise FailureError(f"secret `{key}` expects standard input but none provided")
        read = run.standard_input()  # empty the second time: so is the secret then
        if len(read) > _STDIN_LIMIT:
            raise FailureError(f"error reading stdin for '{key}': more than {_STDIN_LIMIT} bytes")
        values[key] = read.decode("utf-8", "replace").strip()
    _write(run, name, values)


def secrets_unset(run: Run) -> None:
    """Unset secrets; one that is absent is no error."""
    _write(run, _look_up(run), dict.fromkeys(run.arguments.positional))


def secrets_deploy(run: Run) -> None:
    """Bring the staged secrets to the machines."""
    name = _look_up(run)
    with run.request() as fly:
        app = fly.app(name)
    if not (app["deployed"] and managed_machines(app)):
        reason = "'fly secrets deploy' will only work if the app has been deployed and there are machines available"
        raise FailureError(f"no machines available to deploy\n\n{reason}\nTry 'fly deploy' first")
    _roll_out(run, name, effect=True)


def _look_up(run: Run) -> str:
    """Return the app's name, having looked that it is there: before standard input is read."""
    name = run.app()
    with run.request() as fly:
        fly.app(name)
    return name


def _write(run: Run, name: str, values: dict[str, str | None]) -> None:
    if not values:
        raise FailureError("requires at least one SECRET=VALUE pair")
    prefix = "update secrets: failed to update app secrets: "
    body = json.dumps({"values": values}, ensure_ascii=False)
    with run.request(f"/apps/{name}/secrets", prefix=prefix, effect=True, body=body) as fly:
        version = fly.write_secrets(name, values)
    run.remember_version(name, version)
    if run.switch("stage"):
        print(_STAGED)
    else:
        _roll_out(run, name)


def _roll_out(run: Run, name: str, *, effect: bool = False) -> None:
    """Bring the secrets to the machines. What fails here fails after they were stored."""
    with run.request(f"/apps/{name}/machines", effect=effect) as fly:
        app = fly.app(name)
        machines = managed_machines(app)
        if machines:
            fly.release(name)
    if machines:
        print(f"Updating existing machines in '{name}' with rolling strategy")
        for n, machine in enumerate(machines, 1):
            step = f"[{n}/{len(machines)}]"
            print(f"> {step} Updating {machine['id']} [app]")
            print(f"✔ {step} Machine {machine['id']} [app] update succeeded")
    elif app["deployed"] or app["machines"]:
        raise FailureError("error loading appv2 config: could not create a fly.toml from any machines :-(")
    else:
        print("Secrets are staged for the first deployment")
